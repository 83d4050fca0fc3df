import Foundation
import Synchronization
import Testing

@testable import ImageData

struct SyntheticTests {
    private func open(
        seed: UInt64 = 0, train: Int = 160, test: Int = 40
    ) throws -> (train: any ImageSet, test: any ImageSet) {
        try openImageSets(
            DataOptions(format: .synthetic, seed: seed, syntheticTrainCount: train, syntheticTestCount: test))
    }

    @Test func picturesAreAFunctionOfSeedSplitAndIndex() throws {
        let one = try open()
        let two = try open(train: 1000)
        #expect(try one.train.image(159) == two.train.image(159))
        #expect(try one.train.image(3) != one.test.image(3))
        #expect(try one.train.image(3) != one.train.image(13))
        #expect(try one.train.image(3) != open(seed: 1).train.image(3))
    }

    @Test func fingerprintTellsSetsApart() throws {
        let base = try open().train.fingerprint
        #expect(try open().train.fingerprint == base)
        #expect(try open(seed: 1).train.fingerprint != base)
        #expect(try open(train: 161).train.fingerprint != base)
        #expect(try open().test.fingerprint != base)
    }

    @Test func classesAreBalanced() throws {
        let train = try open().train
        #expect(train.classNames == SyntheticShape.allCases.map(\.name) && train.classNames.count == 10)
        for label in 0..<10 { #expect((0..<160).count { train.label($0) == label } == 16) }
    }

    @Test func countsAreBounded() throws {
        #expect(try dataError { _ = try open(train: 0) }?.contains("0 images are out of range") == true)
        #expect(try dataError { _ = try open(test: 1_000_001) }?.contains("out of range") == true)
        #expect(try dataError { _ = try open(train: .max) }?.contains("out of range") == true)
    }

    /// The constants of ``Normalization`` fit: mean 0 and deviation 1, within what 1,000 images can tell.
    @Test func isNormalized() throws {
        let train = try open(train: 1000).train
        var sum = 0.0
        var squares = 0.0
        for index in 0..<1000 {
            for value in try train.image(index) {
                sum += Double(value)
                squares += Double(value) * Double(value)
            }
        }
        let count = Double(1000 * train.elementCount)
        #expect(abs(sum / count) < 0.05)
        #expect(abs((squares / count).squareRoot() - 1) < 0.05)
    }

    /// Each outline covers between a tenth and the whole of the square around it, and no two are alike.
    @Test func outlinesDiffer() {
        var masks = Set<[Bool]>()
        for shape in SyntheticShape.allCases {
            var mask: [Bool] = []
            for row in -20..<20 {
                for column in -20..<20 {
                    mask.append(shape.distance((Float(column) + 0.5) / 20, (Float(row) + 0.5) / 20) < 0)
                }
            }
            let share = Double(mask.count { $0 }) / Double(mask.count)
            #expect(share > 0.1 && share < 0.8, "\(shape) covers \(share)")
            masks.insert(mask)
        }
        #expect(masks.count == 10)
    }

    /// Many threads that ask for the same pictures get what one thread gets.
    @Test func threadsAgree() throws {
        let shared = try open().train
        let alone = try open().train
        let expected = try (0..<160).map { try alone.image($0) }
        let wrong = Mutex(0)
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            for step in 0..<160 {
                let index = (step * (2 * thread + 1)) % 160
                if (try? shared.image(index)) != expected[index] { wrong.withLock { $0 += 1 } }
            }
        }
        #expect(wrong.withLock { $0 } == 0)
    }

    /// The set is no exercise for a linear classifier: softmax regression over the pixels stays far below
    /// half.
    @Test(.timeLimit(.minutes(10))) func linearClassifierIsPoor() throws {
        let sets = try open(train: 2000, test: 500)
        var model = SoftmaxRegression(inputs: sets.train.elementCount, classes: 10)
        for _ in 0..<3 {
            for index in 0..<2000 {
                model.learn(try sets.train.image(index), sets.train.label(index), rate: 2e-4)
            }
        }
        var correct = 0
        for index in 0..<500 where model.best(try sets.test.image(index)) == sets.test.label(index) {
            correct += 1
        }
        #expect(correct < 200, "\(correct) of 500")
        // It does learn something, or the test would prove nothing: chance is 50.
        #expect(correct > 60, "\(correct) of 500")
    }
}
