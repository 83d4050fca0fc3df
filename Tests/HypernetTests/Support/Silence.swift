import Hypernet
import NeuralNet

/// Two ways to make pruned channels of a whole network count for nothing.
enum Silence: CaseIterable {
    /// They are zero: the weights that make them, biases, and norms' scales and shifts. A gate of a sigmoid
    /// kind is not zero there, but what it scales is.
    case producers
    /// Nothing reads them: the weights that do are zero, whatever the channels hold.
    case readers

    func apply(to weights: inout [Float], _ graph: Graph, _ plan: Plan) {
        let wiring = LatentWiring(graph)
        let flags = plan.vectors.map { vector in (0..<vector.length).map(Set(vector.kept).contains) }
        let stays = wiring.channels.map { $0?.expanding(flags) }
        for tensor in ParameterLayout(graph).tensors {
            let input = graph.nodes[tensor.node].inputs[0]
            for index in 0..<tensor.count {
                let output = stays[tensor.node]?[index * tensor.shape[0] / tensor.count] ?? true
                let isRead =
                    stays[input].map {
                        $0[Self.inputChannel(of: index, tensor, graph)]
                    } ?? true
                let isSilent =
                    switch tensor.role {
                    case .convolutionWeight, .linearWeight: self == .producers ? !output : !isRead
                    case .convolutionBias, .normScale, .normShift: self == .producers && !output
                    case .linearBias, .runningMean, .runningVariance: false
                    }
                if isSilent { weights[tensor.offset + index] = 0 }
            }
        }
    }

    /// The channel that an element of a weight multiplies.
    private static func inputChannel(
        of index: Int, _ tensor: ParameterLayout.Tensor, _ graph: Graph
    ) -> Int {
        guard tensor.shape.count > 1 else { return 0 }
        let row = tensor.count / tensor.shape[0]
        guard case .convolution(let convolution) = graph.nodes[tensor.node].operation else {
            return index % row / graph.shapes[graph.nodes[tensor.node].inputs[0]].pixels
        }
        let group = index / row / (tensor.shape[0] / convolution.groups)
        return group * tensor.shape[1] + index % row / (tensor.shape[2] * tensor.shape[3])
    }
}
