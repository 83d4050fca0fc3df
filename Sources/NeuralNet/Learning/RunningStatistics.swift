/// The batch norms' running mean and variance, which evaluation uses.
public enum RunningStatistics {
    /// running = (1 − momentum)·running + momentum·batch, where the batch's statistics are the mean over its
    /// shards.
    /// - Parameters:
    ///   - running: the statistics' part of the state, `count` − `parameterCount` elements.
    ///   - reduced: a step's sums, whole, in the reduction layout's order.
    ///   - exponents: those that the step was coded with.
    public static func update(
        _ running: UnsafeMutablePointer<Float>, reduced: UnsafePointer<Int32>, exponents: FixedPointState,
        layout: ParameterLayout, graph: Graph
    ) {
        for (index, tensor) in layout.tensors.enumerated() where tensor.offset >= layout.parameterCount {
            guard case .batchNorm(let norm) = graph.nodes[tensor.node].operation else { continue }
            let target = running + (tensor.offset - layout.parameterCount)
            let source = reduced + tensor.offset
            let inverseScale = exponents.inverseScale(of: index)
            for element in 0..<tensor.count {
                let batch = Float(source[element]) * inverseScale
                target[element] = (1 - norm.momentum) * target[element] + norm.momentum * batch
            }
        }
    }
}
