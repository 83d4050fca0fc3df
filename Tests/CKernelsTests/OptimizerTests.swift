import CKernels
import Testing

@Suite struct OptimizerTests {
    /// Every kind, with and without its options; Adam in its third step.
    static let rules: [espalier_optimizer_rule] = {
        func rule(
            _ kind: espalier_optimizer, _ rate: Float, momentum: Float = 0, decay: Float = 0,
            keep: Float = 0, first: Float = 0
        ) -> espalier_optimizer_rule {
            espalier_optimizer_rule(
                kind: Int32(kind.rawValue), rate: rate, momentum: momentum, decay: decay, keep: keep,
                take: 1 - keep, take_first: first, epsilon: 1e-8, root_scale: 18.26, slot: 0)
        }
        return [
            rule(ESPALIER_SGD, 0.1, momentum: 0.9, decay: 1e-4), rule(ESPALIER_SGD, 1),
            rule(ESPALIER_NESTEROV, 0.05, momentum: 0.9, decay: 4e-5),
            rule(ESPALIER_ADAM, 0.0037, keep: 0.999, first: 0.1),
            rule(ESPALIER_ADAM, 0.0037, decay: 1e-2, keep: 0.999, first: 0.1),
            rule(ESPALIER_RMSPROP, 0.01, decay: 1e-4, keep: 0.99),
            rule(ESPALIER_RMSPROP_MOMENTUM, 0.01, momentum: 0.9, decay: 1e-4, keep: 0.99),
        ]
    }()

    /// Three steps of the formulas in Optimizer.h, to the bit.
    @Test(arguments: awkwardCounts, rules.indices)
    func followsTheFormula(count: Int, index: Int) {
        var rule = Self.rules[index]
        // More than there is of the first: nothing but the two slots may change.
        rule.slot = count + 3
        let size = 2 * count + 3
        var parameters = values(count, seed: 1)
        var moments = [Float](repeating: 0, count: size)
        var (fixedParameters, fixedMoments) = (parameters, moments)
        var (expected, expectedMoments) = (parameters, moments)
        for step in 2..<5 {
            let sums = integers(count, seed: UInt64(step))
            let gradients = sums.map { Float($0) * 0x1p-31 }
            for i in 0..<count {
                let new = rule.step(
                    expected[i], (expectedMoments[i], expectedMoments[i + rule.slot]), gradients[i])
                expected[i] = new.parameter
                (expectedMoments[i], expectedMoments[i + rule.slot]) = new.moments
            }
            espalier_optimize(&parameters, &moments, gradients, count, rule)
            espalier_optimize_fixed(&fixedParameters, &fixedMoments, sums, count, 0x1p-31, rule)
        }
        #expect(areSame(parameters, expected))
        #expect(areSame(moments, expectedMoments))
        #expect(areSame(fixedParameters, expected))
        #expect(areSame(fixedMoments, expectedMoments))
    }

    @Test(arguments: awkwardCounts) func sumOfSquares(count: Int) {
        let sums = integers(count, seed: 7)
        var lanes = [Double](repeating: 0, count: 8)
        for (i, sum) in sums.enumerated() { lanes[i % 8] += Double(sum) * Double(sum) }
        #expect(espalier_sum_of_squares(sums, count) == lanes.reduce(0, +))
        #expect(espalier_sum_of_squares([.min, .max], 2) == 0x1p62 + Double(Int32.max) * Double(Int32.max))
    }
}
