/// Where each tensor of a network's state lies in one flat vector of fp32, in the order of the graph's nodes.
///
/// Parameters come first, then the batch norms' running statistics: the first part is what optimizers update,
/// the whole is what replicas agree on. Convolution weights are (O, I/groups, k, k) as in PyTorch; linear
/// (out, in).
public struct ParameterLayout: Equatable, Sendable {
    public enum Role: Equatable, Sendable {
        case convolutionWeight, convolutionBias, normScale, normShift, linearWeight, linearBias
        case runningMean, runningVariance
    }

    public struct Tensor: Equatable, Sendable {
        public let name: String
        public let role: Role
        /// The node that the tensor belongs to.
        public let node: Int
        public let shape: [Int]
        public let offset: Int
        public let count: Int

        public var range: Range<Int> { offset..<offset + count }
    }

    public private(set) var tensors: [Tensor] = []
    /// Elements of parameters; running statistics follow from here to `count`.
    public private(set) var parameterCount = 0
    public private(set) var count = 0
    private var indices: [String: Int] = [:]

    public init(_ graph: Graph) {
        for (index, node) in graph.nodes.enumerated() {
            switch node.operation {
            case .convolution(let convolution):
                let perGroup = graph.shapes[node.inputs[0]].channels / convolution.groups
                append(
                    "\(node.name).weight", .convolutionWeight, index,
                    [convolution.outChannels, perGroup, convolution.kernel, convolution.kernel])
                if convolution.hasBias {
                    append("\(node.name).bias", .convolutionBias, index, [convolution.outChannels])
                }
            case .batchNorm:
                append("\(node.name).weight", .normScale, index, [graph.shapes[index].channels])
                append("\(node.name).bias", .normShift, index, [graph.shapes[index].channels])
            case .linear(let linear):
                append(
                    "\(node.name).weight", .linearWeight, index,
                    [linear.outFeatures, graph.shapes[node.inputs[0]].count])
                append("\(node.name).bias", .linearBias, index, [linear.outFeatures])
            case .input, .activation, .add, .concatenate, .scale, .maxPool, .averagePool,
                .globalAveragePool:
                break
            }
        }
        parameterCount = count
        for (index, node) in graph.nodes.enumerated() {
            guard case .batchNorm = node.operation else { continue }
            append("\(node.name).running_mean", .runningMean, index, [graph.shapes[index].channels])
            append("\(node.name).running_var", .runningVariance, index, [graph.shapes[index].channels])
        }
    }

    private mutating func append(_ name: String, _ role: Role, _ node: Int, _ shape: [Int]) {
        let size = shape.reduce(1, *)
        indices[name] = tensors.count
        tensors.append(Tensor(name: name, role: role, node: node, shape: shape, offset: count, count: size))
        count += size
    }

    public subscript(name: String) -> Tensor? {
        indices[name].map { tensors[$0] }
    }
}
