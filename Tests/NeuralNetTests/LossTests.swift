import Foundation
import Randomness
import Testing

@testable import NeuralNet

/// Cross-entropy, its gradient and its ranks.
struct LossTests {
    @Test(arguments: [-745.2, -700, -30.25, -1, -0.5, -1e-9, 0, 0.3, 5, 700])
    func exponentialIsTheLibrarys(_ x: Double) {
        let expected = x < -708 ? 0 : exp(x)
        #expect((SeriesMath.exponential(x) - expected).magnitude <= 1e-15 * expected)
    }

    @Test(arguments: [1e-300, 0.1, 0.7071, 0.999999, 1, 1.5, 2, 1000, 1e300])
    func logarithmIsTheLibrarys(_ x: Double) {
        #expect((SeriesMath.logarithm(x) - log(x)).magnitude <= 1e-15 * max(log(x).magnitude, 1e-3))
    }

    @Test func seriesKeepWhatIsNotFinite() {
        #expect(SeriesMath.exponential(.nan).isNaN && SeriesMath.logarithm(.nan).isNaN)
        #expect(SeriesMath.logarithm(0) == -.infinity && SeriesMath.logarithm(-1).isNaN)
        #expect(SeriesMath.exponential(.infinity) == .infinity && SeriesMath.exponential(-.infinity) == 0)
    }

    @Test(
        arguments: [
            ([1, 2, 3], 2, 0), ([1, 2, 3], 0, 2), ([2, 2, 2], 1, 1), ([0, 9, 9, 9, 9, 9, 1], 6, 5),
            ([.nan, 0], 1, 1), ([.nan, 0], 0, 1), ([.infinity, 0], 0, 0),
        ] as [([Float], Int, Int)])
    func ranks(_ logits: [Float], _ label: Int, _ rank: Int) {
        let outcome = CrossEntropy.evaluate(
            logits: logits, classes: logits.count, label: label, weight: 1, gradient: nil)
        #expect(outcome.rank == rank)
    }

    @Test(arguments: [0.1, 0.5, 1])
    func smoothedLabels(_ smoothing: Double) {
        let logits: [Float] = [0.5, -1.25, 3, 0]
        var gradient = [Float](repeating: 0, count: 4)
        let outcome = CrossEntropy.evaluate(
            logits: logits, classes: 4, label: 3, smoothing: smoothing, weight: 0.25, gradient: &gradient)
        let total = log(logits.reduce(0) { $0 + exp(Double($1)) })
        var loss = 0.0
        for (place, logit) in logits.enumerated() {
            let target = smoothing / 4 + (place == 3 ? 1 - smoothing : 0)
            loss -= target * (Double(logit) - total)
            #expect((Double(gradient[place]) - (exp(Double(logit) - total) - target) / 4).magnitude <= 1e-7)
        }
        #expect((outcome.loss - loss).magnitude <= 1e-12)
        #expect(outcome.rank == 2)
    }

    @Test(arguments: [[0.5, -1.25, 3], [1000, 999, 998], [-1e30, 0, 1]] as [[Float]])
    func gradientIsSoftmaxMinusOneHot(_ logits: [Float]) {
        var gradient = [Float](repeating: 0, count: 3)
        let outcome = CrossEntropy.evaluate(
            logits: logits, classes: 3, label: 1, weight: 0.25, gradient: &gradient)
        let values = logits.map(Double.init)
        let peak = values.max() ?? 0
        let total = values.reduce(0) { $0 + exp($1 - peak) }
        for (place, value) in values.enumerated() {
            let expected = (exp(value - peak) / total - (place == 1 ? 1 : 0)) / 4
            #expect((Double(gradient[place]) - expected).magnitude <= 1e-7)
        }
        let loss = log(total) + peak - values[1]
        #expect((outcome.loss - loss).magnitude <= 1e-12 * max(loss, 1))
    }
}
