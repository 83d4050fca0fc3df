import Testing

@testable import ImageData

struct SampleOrderTests {
    @Test(arguments: [1, 2, 3, 5, 10, 32, 100, 999, 4097])
    func everyEpochIsAPermutation(count: Int) {
        let order = SampleOrder(seed: 7, count: count)
        for epoch in [0, 1, 2, 1_000_000] {
            var seen = Set<Int>()
            for position in epoch * count..<(epoch + 1) * count {
                let sample = order.sample(at: position)
                #expect(sample.epoch == epoch)
                seen.insert(sample.index)
            }
            #expect(seen == Set(0..<count))
        }
    }

    @Test func epochsAndSeedsDiffer() {
        func epoch(_ seed: UInt64, _ epoch: Int) -> [Int] {
            let order = SampleOrder(seed: seed, count: 1000)
            return (0..<1000).map { order.sample(at: 1000 * epoch + $0).index }
        }
        #expect(epoch(1, 0) == epoch(1, 0))
        #expect(zip(epoch(1, 0), epoch(1, 1)).count { $0 == $1 } < 10)
        #expect(zip(epoch(1, 0), epoch(2, 0)).count { $0 == $1 } < 10)
        #expect(zip(epoch(1, 0), 0..<1000).count { $0 == $1 } < 10)
    }

    /// Which sample comes first, and which follows it, is uniform over epochs: χ² with 9 and 89 degrees of
    /// freedom lies below its 99.99 % points.
    @Test func neighboursAreUniform() {
        let order = SampleOrder(seed: 3, count: 10)
        let epochs = 9_000
        var first = [Double](repeating: 0, count: 10)
        var pair = [Double](repeating: 0, count: 100)
        for epoch in 0..<epochs {
            let one = order.sample(at: 10 * epoch).index
            let two = order.sample(at: 10 * epoch + 1).index
            first[one] += 1
            pair[10 * one + two] += 1
        }
        func chiSquare(_ counts: [Double], _ expected: Double) -> Double {
            counts.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected }
        }
        #expect(chiSquare(first, Double(epochs) / 10) < 33.7)
        let pairs = pair.enumerated().filter { $0.offset / 10 != $0.offset % 10 }.map(\.element)
        #expect(chiSquare(pairs, Double(epochs) / 90) < 146)
    }

    /// The order is part of what makes runs repeatable: these values must not change.
    @Test func valuesArePinned() {
        let order = SampleOrder(seed: 1, count: 50_000)
        #expect((0..<4).map { order.sample(at: $0).index } == [11_976, 19_640, 35_613, 17_833])
    }
}
