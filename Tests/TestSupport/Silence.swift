public import Hypernet
public import NeuralNet

/// Two ways to make pruned channels of a whole network count for nothing.
public enum Silence: CaseIterable, Sendable {
    /// They are zero: the weights that make them, biases, and norms' scales and shifts. A gate of a sigmoid
    /// kind is not zero there, but what it scales is.
    case producers
    /// Nothing reads them: the weights that do are zero, whatever the channels hold.
    case readers

    public func apply(to weights: inout [Float], _ graph: Graph, _ plan: Plan) {
        let wiring = LatentWiring(graph)
        let flags = plan.vectors.map { vector in (0..<vector.length).map(Set(vector.kept).contains) }
        let stays = wiring.channels.map { $0?.expanding(flags) }
        for tensor in ParameterLayout(graph).tensors {
            let node = graph.nodes[tensor.node]
            let (outputs, inputs) = (stays[tensor.node], stays[node.inputs[0]])
            switch tensor.role {
            case .convolutionWeight, .linearWeight:
                let flags = self == .producers ? outputs : inputs
                guard let flags else { continue }
                silence(&weights, tensor, node, flags)
            case .convolutionBias, .normScale, .normShift:
                guard self == .producers, let outputs else { continue }
                for channel in outputs.indices where !outputs[channel] {
                    weights[tensor.offset + channel] = 0
                }
            case .linearBias, .runningMean, .runningVariance:
                continue
            }
        }
    }

    /// Zeroes rows or columns of a weight, (outputs, a group's inputs, …) or (outputs, inputs · pixels).
    private func silence(
        _ weights: inout [Float], _ tensor: ParameterLayout.Tensor, _ node: Graph.Node, _ stays: [Bool]
    ) {
        var (groups, columns) = (1, stays.count)
        if case .convolution(let convolution) = node.operation {
            (groups, columns) = (convolution.groups, tensor.shape[1])
        } else if self == .producers {
            return
        }
        let rows = tensor.shape[0]
        let block = tensor.count / (rows * columns)
        for row in 0..<rows {
            let group = row / (rows / groups)
            for column in 0..<columns where !stays[self == .producers ? row : group * columns + column] {
                let first = tensor.offset + (row * columns + column) * block
                for index in first..<first + block { weights[index] = 0 }
            }
        }
    }
}
