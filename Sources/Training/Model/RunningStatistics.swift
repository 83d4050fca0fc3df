import NeuralNet

/// Batch norms' running means and variances follow the batch's: r += momentum · (batch − r).
enum RunningStatistics {
    /// - Parameters:
    ///   - running: the statistics; element 0 belongs to element `range.lowerBound` of the reduction's layout.
    ///   - range: the statistics' elements in the reduction's layout.
    static func move(
        _ running: UnsafeMutablePointer<Float>, reduced: ReducedStep, range: Range<Int>, graph: Graph
    ) {
        let parameters = ParameterLayout(graph)
        for (index, tensor) in parameters.tensors.enumerated() where range.contains(tensor.offset) {
            guard case .batchNorm(let norm) = graph.nodes[tensor.node].operation else { continue }
            let inverseScale = reduced.codes.inverseScale(of: index)
            for element in tensor.range {
                let batch = Float(reduced.sums[element]) * inverseScale
                let target = running + (element - range.lowerBound)
                target.pointee = (1 - norm.momentum) * target.pointee + norm.momentum * batch
            }
        }
    }
}
