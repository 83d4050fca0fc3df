import NeuralNet

extension Graph {
    /// With ReLU for ReLU6: what the released code's MobileNetV2 has when hypernetworks make its weights. The
    /// plain one, the paper and ours have ReLU6.
    var withReleasedActivations: Graph {
        var result = Graph(
            name: name, channels: inputShape.channels, height: inputShape.height, width: inputShape.width)
        for node in nodes.dropFirst() {
            let operation = node.operation == .activation(.relu6) ? .activation(.relu) : node.operation
            result.add(node.name, operation, inputs: node.inputs, module: node.module)
        }
        return result
    }
}
