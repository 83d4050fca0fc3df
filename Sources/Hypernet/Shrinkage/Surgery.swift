public import NeuralNet

/// Cuts a network down to a plan: its graph, and a flat vector of its weights. Batch norms, running
/// statistics and the inputs of linear layers follow the channels; nothing is reset.
public struct Surgery: Sendable {
    /// The widened network.
    public let graph: Graph
    public let pruned: Graph
    /// The layouts of the weights before and after.
    public let before: ParameterLayout
    public let after: ParameterLayout
    /// The channels of each node's output that stay, ascending; nil: all, of the logits.
    private let channels: [[Int]?]
    /// Of each convolution's node, the input channels of a group that stay.
    private let groupInputs: [Int: [Int]]

    /// Throws if the plan is not one of this network: other vectors, or indices that are not ascending or in
    /// range.
    public init(graph: Graph, plan: Plan) throws(ShrinkError) {
        try self.init(graph: graph, wiring: LatentWiring(graph), plan: plan)
    }

    package init(graph: Graph, wiring: LatentWiring, plan: Plan) throws(ShrinkError) {
        try Self.validate(plan, wiring)
        let (kept, lengths) = (plan.vectors.map(\.kept), plan.vectors.map(\.length))
        let channels = wiring.channels.map { $0?.channels(kept: kept, lengths: lengths) }
        let groupInputs = Dictionary(
            uniqueKeysWithValues: wiring.layers.map {
                ($0.node, $0.input.channels(kept: kept, lengths: lengths))
            })
        let pruned = Self.prune(graph, channels, groupInputs)
        self.graph = graph
        self.pruned = pruned
        self.channels = channels
        self.groupInputs = groupInputs
        before = ParameterLayout(graph)
        after = ParameterLayout(pruned)
    }

    private static func validate(_ plan: Plan, _ wiring: LatentWiring) throws(ShrinkError) {
        guard plan.vectors.count == wiring.vectors.count else {
            throw .plan("\(plan.vectors.count) latent vectors, the network has \(wiring.vectors.count)")
        }
        for (planned, vector) in zip(plan.vectors, wiring.vectors) {
            guard planned.name == vector.name, planned.length == vector.length else {
                throw .plan(
                    "latent vector \(planned.name) of \(planned.length), the network has \(vector.name) of "
                        + "\(vector.length)")
            }
            guard let first = planned.kept.first, let last = planned.kept.last, first >= 0,
                last < vector.length,
                zip(planned.kept, planned.kept.dropFirst()).allSatisfy({ $0 < $1 })
            else {
                throw .plan("the kept elements of \(planned.name) are not ascending in 0..<\(vector.length)")
            }
            guard vector.isPrunable || planned.kept.count == vector.length else {
                throw .plan("\(planned.name) cannot be pruned")
            }
        }
    }

    private static func prune(_ graph: Graph, _ channels: [[Int]?], _ groupInputs: [Int: [Int]]) -> Graph {
        let input = graph.inputShape
        var result = Graph(
            name: graph.name, channels: channels[0]?.count ?? input.channels, height: input.height,
            width: input.width)
        for (index, node) in graph.nodes.enumerated().dropFirst() {
            var operation = node.operation
            if case .convolution(var convolution) = operation, let outputs = channels[index],
                let perGroup = groupInputs[index]
            {
                convolution.groups = result.shapes[node.inputs[0]].channels / perGroup.count
                convolution.outChannels = outputs.count
                operation = .convolution(convolution)
            }
            result.add(node.name, operation, inputs: node.inputs, module: node.module)
        }
        return result
    }

    /// Copies what stays of `weights`, `before.count` elements, into `result`, `after.count` elements.
    public func prune(weights: UnsafePointer<Float>, into result: UnsafeMutablePointer<Float>) {
        for (old, new) in zip(before.tensors, after.tensors) {
            let (outputs, inputs, block) = slices(of: old)
            let inputCount = old.count / (old.shape[0] * block)
            var target = result + new.offset
            for output in outputs {
                for input in inputs {
                    target.update(
                        from: weights + old.offset + (output * inputCount + input) * block, count: block)
                    target += block
                }
            }
        }
    }

    /// The first and second indices of a tensor that stay, and the elements for each pair of them.
    private func slices(of tensor: ParameterLayout.Tensor) -> (outputs: [Int], inputs: [Int], block: Int) {
        let node = graph.nodes[tensor.node]
        let outputs = channels[tensor.node] ?? Array(0..<tensor.shape[0])
        switch tensor.role {
        case .convolutionWeight:
            let inputs = groupInputs[tensor.node] ?? Array(0..<tensor.shape[1])
            return (outputs, inputs, tensor.shape[2] * tensor.shape[3])
        case .linearWeight:
            // Features are (C, H, W), flattened.
            let shape = graph.shapes[node.inputs[0]]
            return (outputs, channels[node.inputs[0]] ?? Array(0..<shape.channels), shape.pixels)
        case .convolutionBias, .normScale, .normShift, .linearBias, .runningMean, .runningVariance:
            return (outputs, [0], 1)
        }
    }
}
