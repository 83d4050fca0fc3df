import Checkpoint
import TestSupport
import Testing

@testable import NeuralNet

/// Three steps of each optimizer against PyTorch's in fp64.
struct OptimizerGoldenTests {
    private struct Index: Decodable {
        struct Case: Decodable {
            var kind: String
            var lr: Float
            var momentum: Double?
            var decay: Double
            var nesterov: Bool?
            var betas: [Double]?
            var alpha: Double?
            var eps: Double?

            enum CodingKeys: String, CodingKey {
                case kind, lr, momentum, nesterov, betas, alpha, eps
                case decay = "weight_decay"
            }

            var optimizer: Optimizer {
                switch kind {
                case "adam":
                    .adam(
                        beta1: betas?[0] ?? .nan, beta2: betas?[1] ?? .nan, epsilon: eps ?? .nan,
                        weightDecay: decay)
                case "rmsprop":
                    .rmsprop(
                        alpha: alpha ?? .nan, epsilon: eps ?? .nan, momentum: momentum ?? .nan,
                        weightDecay: decay)
                default:
                    .sgd(
                        momentum: momentum ?? .nan, weightDecay: decay, isNesterov: nesterov ?? false)
                }
            }
        }
        var cases: [String: Case]
    }

    /// PyTorch's names of the moments.
    private static func name(_ slot: Optimizer.Slot, in slots: [Optimizer.Slot]) -> String {
        switch slot {
        case .momentum: "momentum_buffer"
        case .firstMoment: "exp_avg"
        case .secondMoment: slots.contains(.firstMoment) ? "exp_avg_sq" : "square_avg"
        }
    }

    @Test(arguments: Golden.files("optimizers")) func stepsArePyTorchs(_ file: GoldenFile) throws {
        let index = try #require(try Golden.file("optimizers/index.json")?.decoded(as: Index.self))
        let entry = try #require(index.cases[file.stem])
        let (optimizer, tensors) = (entry.optimizer, try file.tensors())
        var parameters = try tensors.floats("before")
        let count = parameters.count
        var moments = [Float](repeating: 0, count: optimizer.slots.count * count)
        // Terms of different signs may cancel: how large they were.
        var terms = [Float](repeating: 0, count: count)
        for number in 1...3 {
            let gradients = try tensors.floats("step\(number).gradient")
            optimizer.update(
                &parameters, moments: &moments, gradients: gradients, count: count,
                step: OptimizerStep(rate: entry.lr, number: number))
            terms = zip(terms, gradients).map { $0 + $1.magnitude }
            let ones = [Float](repeating: 1, count: count)
            expectNear(parameters, try tensors.floats("step\(number).after"), ones, "step \(number)")
            for (place, slot) in optimizer.slots.enumerated() {
                let name = Self.name(slot, in: optimizer.slots)
                let isNormalized = slot == .momentum && optimizer.slots.contains(.secondMoment)
                expectNear(
                    Array(moments[place * count..<(place + 1) * count]),
                    try tensors.floats("step\(number).\(name)"),
                    slot == .secondMoment ? terms.map { $0 * 0 } : isNormalized ? ones : terms,
                    "step \(number) \(name)")
            }
        }
    }

    /// To a few roundings of fp32, of the value or of what cancelled in it.
    private func expectNear(_ values: [Float], _ expected: [Float], _ terms: [Float], _ what: String) {
        #expect(values.count == expected.count)
        for (index, (value, want)) in zip(values, expected).enumerated() {
            #expect(
                (value - want).magnitude <= 1e-6 * max(want.magnitude, terms[index]),
                "\(what), element \(index): \(value), \(want)")
        }
    }

    @Test(.enabled(if: Golden.folder("optimizers") != nil)) func thereAreFiles() {
        #expect(Golden.files("optimizers").count == 10)
    }
}
