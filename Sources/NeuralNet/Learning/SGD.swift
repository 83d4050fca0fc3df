package import CKernels
public import TensorCore

/// Stochastic gradient descent with momentum and weight decay, as PyTorch does it:
/// g += decay·p; m = momentum·m + g; p −= rate·(nesterov ? g + momentum·m : m). Momenta start as zeros.
public struct SGD: Equatable, Sendable {
    public var momentum: Float
    /// Applies to every parameter, batch norms and biases included.
    public var weightDecay: Float
    public var isNesterov: Bool

    public init(momentum: Float = 0.9, weightDecay: Float = 1e-4, isNesterov: Bool = false) {
        self.momentum = momentum
        self.weightDecay = weightDecay
        self.isNesterov = isNesterov
    }

    /// What the kernels take.
    package func rule(rate: Float) -> espalier_sgd_rule {
        espalier_sgd_rule(rate: rate, momentum: momentum, decay: weightDecay, nesterov: isNesterov ? 1 : 0)
    }

    /// One update of `count` parameters from fp32 gradients, on the calling thread.
    public func update(
        _ parameters: UnsafeMutablePointer<Float>, momenta: UnsafeMutablePointer<Float>,
        gradients: UnsafePointer<Float>, count: Int, rate: Float
    ) {
        espalier_sgd(parameters, momenta, gradients, count, rule(rate: rate))
    }

    /// One update of all parameters of a network from a step's reduced sums; the running statistics after
    /// them stay as they are (see ``RunningStatistics``). The same bits for any number of threads.
    /// - Parameters:
    ///   - state: in the parameter layout's order.
    ///   - momenta: `parameterCount` elements.
    ///   - reduced: in the reduction layout's order.
    ///   - exponents: those that the step was coded with.
    public func update(
        _ state: UnsafeMutablePointer<Float>, momenta: UnsafeMutablePointer<Float>,
        reduced: UnsafePointer<Int32>, exponents: FixedPointState, layout: ParameterLayout, rate: Float,
        pool: ComputePool
    ) {
        let (state, momenta) = (SharedMutablePointer(state), SharedMutablePointer(momenta))
        let reduced = SharedPointer(reduced)
        let rule = rule(rate: rate)
        let threads = pool.threads
        pool.run { thread in
            let own =
                thread * layout.parameterCount / threads..<(thread + 1) * layout.parameterCount / threads
            for (index, tensor) in layout.tensors.enumerated() {
                let range = tensor.range.clamped(to: own)
                guard !range.isEmpty else { continue }
                espalier_sgd_fixed(
                    state.pointer + range.lowerBound, momenta.pointer + range.lowerBound,
                    reduced.pointer + range.lowerBound, range.count, exponents.inverseScale(of: index), rule)
            }
        }
    }
}
