import CKernels
import Testing

@Suite struct OptimizerTests {
    struct Settings: Sendable {
        var rate: Float
        var momentum: Float
        var decay: Float
        var nesterov: Bool
    }

    static let settings = [
        Settings(rate: 0.1, momentum: 0.9, decay: 1e-4, nesterov: false),
        Settings(rate: 0.05, momentum: 0.9, decay: 4e-5, nesterov: true),
        Settings(rate: 1, momentum: 0, decay: 0, nesterov: false),
    ]

    /// Three steps of PyTorch's SGD, to the bit.
    @Test(arguments: awkwardCounts, settings)
    func followsTheFormula(count: Int, settings: Settings) {
        var parameters = values(count, seed: 1)
        var momenta = [Float](repeating: 0, count: count)
        var fixedParameters = parameters
        var fixedMomenta = momenta
        var (expected, velocity) = (parameters, momenta)
        for step in 2..<5 {
            let sums = integers(count, seed: UInt64(step))
            let gradients = sums.map { Float($0) * 0x1p-31 }
            for i in 0..<count {
                let gradient = gradients[i] + settings.decay * expected[i]
                velocity[i] = settings.momentum * velocity[i] + gradient
                let direction = settings.nesterov ? gradient + settings.momentum * velocity[i] : velocity[i]
                expected[i] -= settings.rate * direction
            }
            let rule = espalier_sgd_rule(
                rate: settings.rate, momentum: settings.momentum, decay: settings.decay,
                nesterov: settings.nesterov ? 1 : 0)
            espalier_sgd(&parameters, &momenta, gradients, count, rule)
            espalier_sgd_fixed(&fixedParameters, &fixedMomenta, sums, count, 0x1p-31, rule)
        }
        #expect(areSame(parameters, expected))
        #expect(areSame(momenta, velocity))
        #expect(areSame(fixedParameters, expected))
        #expect(areSame(fixedMomenta, velocity))
    }
}
