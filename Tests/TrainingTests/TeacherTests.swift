import ClusterCore
import NeuralNet
import Synchronization
import Testing

@testable import Training

/// What a teacher changes in a replica's work, short of the teacher.
struct TeacherTests {
    @Test func phasesHaveTheirLosses() throws {
        let teacher = "loss: {label_smoothing: 0.1}\ndistillation: {teacher: t"
        for (others, search, converge) in [
            ("", nil, nil), ("\(teacher)}", nil, Distillation.logits(temperature: 4, weight: 0.4)),
            (
                "\(teacher), kind: similarity, phases: both}", .similarity(weight: 3000),
                .similarity(weight: 3000)
            ),
            ("\(teacher), kind: features}", nil, .features(weight: 1)),
        ] as [(String, Distillation?, Distillation?)] {
            let definition = try TestDefinitions.make(searchSteps: 1, others)
            let smoothing = others.isEmpty ? 0 : 0.1
            for (phase, distillation) in [(Phase.search, search), (.converge, converge)] {
                #expect(
                    definition.loss(in: phase)
                        == TrainingLoss(labelSmoothing: smoothing, distillation: distillation))
            }
        }
    }

    /// Counts how often it is asked for each image.
    private final class CountingShard: ShardSource {
        struct Unreadable: Error {}

        let count = 3
        let first: Float
        let asked = Mutex([0, 0, 0])
        let unreadable: Int?

        init(first: Float, unreadable: Int? = nil) { (self.first, self.unreadable) = (first, unreadable) }

        func label(_ index: Int) -> Int { index + Int(first) }

        func write(_ index: Int, into pixels: UnsafeMutableBufferPointer<Float>) throws {
            asked.withLock { $0[index] += 1 }
            if index == unreadable { throw Unreadable() }
            for place in pixels.indices { pixels[place] = first + Float(10 * index + place) }
        }
    }

    @Test func imagesAreDecodedOnce() throws {
        let kept = try KeptImages(countMax: 4, length: 2)
        func image(_ index: Int) throws -> [Float] {
            var pixels: [Float] = [0, 0]
            try pixels.withUnsafeMutableBufferPointer { try kept.write(index, into: $0) }
            return pixels
        }
        for first in [Float(1), 5] {
            let shard = CountingShard(first: first)
            kept.begin(shard)
            #expect(kept.count == 3 && kept.label(2) == 2 + Int(first))
            for _ in 0..<2 {
                for index in [2, 0] {
                    #expect(try image(index) == [first + Float(10 * index), first + Float(10 * index + 1)])
                }
            }
            #expect(shard.asked.withLock { $0 } == [1, 0, 1])
        }
        kept.begin(CountingShard(first: 0, unreadable: 1))
        for _ in 0..<2 { #expect(throws: CountingShard.Unreadable.self) { try image(1) } }
    }
}
