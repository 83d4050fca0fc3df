/// Features within a network, as they are compared with another network's.
extension Graph {
    /// The graph with a 1×1 convolution `adapter.N` on the N-th of some nodes, which brings its channels to
    /// the number that the other network has. Nobody reads the adapters; they come before the last node.
    /// - Parameter features: nodes other than the last one.
    public func withAdapters(_ features: [(node: Int, channels: Int)]) -> Graph {
        let input = inputShape
        var result = Graph(
            name: name, channels: input.channels, height: input.height, width: input.width)
        for node in nodes.dropFirst().dropLast() {
            result.add(node.name, node.operation, inputs: node.inputs, module: node.module)
        }
        for (number, feature) in features.enumerated() {
            precondition(feature.node < nodes.count - 1, "an adapter on the last node")
            result.add(
                "adapter.\(number)",
                .convolution(Convolution(outChannels: feature.channels, kernel: 1)), feature.node)
        }
        if let last = nodes.dropFirst().last {
            result.add(last.name, last.operation, inputs: last.inputs, module: last.module)
        }
        return result
    }

    /// Nodes that nobody reads, without the last.
    public var openEnds: [Int] {
        consumers.indices.dropLast().filter { consumers[$0].isEmpty }
    }

    /// What the classifier takes the mean of: the input of the last global average pool; nil: there is none.
    public var classifiedFeatures: Int? {
        nodes.last { $0.operation == .globalAveragePool }?.inputs[0]
    }
}
