package import CKernels
public import TensorCore

extension Optimizer {
    /// What the kernels take.
    /// - Parameter slot: elements from a parameter's first moment to its second.
    package func rule(_ step: OptimizerStep, slot: Int) -> espalier_optimizer_rule {
        var rule = espalier_optimizer_rule()
        rule.rate = step.rate
        rule.decay = Float(weightDecay)
        rule.slot = slot
        let code: espalier_optimizer
        switch kind {
        case .sgd(let momentum, let isNesterov):
            code = isNesterov ? ESPALIER_NESTEROV : ESPALIER_SGD
            rule.momentum = Float(momentum)
        case .adam(let beta1, let beta2, let epsilon):
            code = ESPALIER_ADAM
            (rule.keep, rule.take, rule.take_first) = (Float(beta2), Float(1 - beta2), Float(1 - beta1))
            rule.epsilon = Float(epsilon)
            rule.rate = Float(Double(step.rate) / (1 - Self.power(beta1, step.number)))
            rule.root_scale = Float(1 / (1 - Self.power(beta2, step.number)).squareRoot())
        case .rmsprop(let alpha, let epsilon, let momentum):
            code = momentum == 0 ? ESPALIER_RMSPROP : ESPALIER_RMSPROP_MOMENTUM
            (rule.keep, rule.take) = (Float(alpha), Float(1 - alpha))
            (rule.epsilon, rule.momentum) = (Float(epsilon), Float(momentum))
        }
        rule.kind = Int32(code.rawValue)
        return rule
    }

    /// baseⁿ by squaring: the C library's `pow` may differ in the last bit between machines.
    private static func power(_ base: Double, _ exponent: Int) -> Double {
        var (result, square, rest) = (1.0, base, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result *= square }
            square *= square
            rest >>= 1
        }
        return result
    }

    /// One update of `count` parameters from fp32 gradients, on the calling thread.
    /// - Parameter moments: `slots.count` · `count` elements.
    public func update(
        _ parameters: UnsafeMutablePointer<Float>, moments: UnsafeMutablePointer<Float>,
        gradients: UnsafePointer<Float>, count: Int, step: OptimizerStep
    ) {
        precondition(step.gradientScale == 1, "whole gradients are clipped where they are reduced")
        espalier_optimize(parameters, moments, gradients, count, rule(step, slot: count))
    }

    /// One update of all parameters of a network from a step's reduced sums; the running statistics after
    /// them stay as they are (see ``RunningStatistics``). The same bits for any number of threads.
    /// - Parameters:
    ///   - state: in the parameter layout's order.
    ///   - moments: `slots.count` · `parameterCount` elements.
    ///   - reduced: in the reduction layout's order.
    ///   - exponents: those that the step was coded with.
    public func update(
        _ state: UnsafeMutablePointer<Float>, moments: UnsafeMutablePointer<Float>,
        reduced: UnsafePointer<Int32>, exponents: FixedPointState, layout: ParameterLayout,
        step: OptimizerStep, pool: ComputePool
    ) {
        let (state, moments) = (SharedMutablePointer(state), SharedMutablePointer(moments))
        let reduced = SharedPointer(reduced)
        let rule = rule(step, slot: layout.parameterCount)
        let threads = pool.threads
        pool.run { thread in
            let own =
                thread * layout.parameterCount / threads..<(thread + 1) * layout.parameterCount / threads
            for (index, tensor) in layout.tensors.enumerated() {
                let range = tensor.range.clamped(to: own)
                guard !range.isEmpty else { continue }
                espalier_optimize_fixed(
                    state.pointer + range.lowerBound, moments.pointer + range.lowerBound,
                    reduced.pointer + range.lowerBound, range.count,
                    exponents.inverseScale(of: index) * step.gradientScale, rule)
            }
        }
    }
}
