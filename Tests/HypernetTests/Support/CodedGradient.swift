import Hypernet
import NeuralNet
import TensorCore

/// ∂L/∂W and the gradients of the other parameters as a step's reduced sums, coded as finely as 32 bits can.
struct CodedGradient {
    let sums: [Int32]
    let exponents: FixedPointState
    /// What the sums say: the given values but for their rounding.
    let values: [Float]

    /// - Parameter values: `parameters.parameterCount` elements.
    init(_ given: [Float], _ parameters: ParameterLayout) throws {
        let layout = ReductionLayout(parameters)
        var exponents = FixedPointState(uncalibrated: layout, gradientBits: 30, slices: 1, shards: 1)
        let trained = parameters.tensors.filter { $0.offset < parameters.parameterCount }
        try exponents.raise(
            for: trained.enumerated().map { index, tensor in
                Overflow(segment: index, magnitude: given[tensor.range].map(abs).max() ?? 0)
            }, layout: layout)
        var sums = [Int32](repeating: 0, count: layout.count)
        var values = given
        for (index, tensor) in trained.enumerated() {
            for element in tensor.range {
                sums[element] = Int32((given[element] * exponents.scale(of: index)).rounded(.toNearestOrEven))
                values[element] = Float(sums[element]) * exponents.inverseScale(of: index)
            }
        }
        self.sums = sums
        self.exponents = exponents
        self.values = values
    }
}

extension HyperNetwork {
    /// The gradients of w1, w2, … that ``step(state:moments:reduced:exponents:optimizer:step:pool:)`` uses,
    /// as whole tensors: what it leaves in momenta that were zero. `layout.parameterCount` elements.
    func gradients(
        state: [Float], sums: [Int32], exponents: FixedPointState, pool: ComputePool
    ) -> [Float] {
        var (same, gradients) = (state, [Float](repeating: 0, count: layout.parameterCount))
        step(
            state: &same, moments: &gradients, reduced: sums, exponents: exponents,
            optimizer: .sgd(momentum: 0), step: OptimizerStep(rate: 0, number: 1), pool: pool)
        precondition(same == state, "a step at rate 0 changed the state")
        return gradients
    }

    func gradients(state: [Float], gradient: CodedGradient, pool: ComputePool) -> [Float] {
        gradients(state: state, sums: gradient.sums, exponents: gradient.exponents, pool: pool)
    }
}
