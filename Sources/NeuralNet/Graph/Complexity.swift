/// What a network costs: multiply-accumulates for one image, and parameters, each counted in three ways.
///
/// Source: the reference counters of the DHP and LW-DNA papers. Bias additions are uncounted.
public struct Complexity: Equatable, Sendable {
    /// The same quantity counted in three ways.
    public struct Counts: Equatable, Codable, Sendable {
        /// Convolutions and linear layers alone. Budgets of FLOPs are in this count.
        public var convLinear: Int
        /// And batch norms: 2 FLOPs an output element, 2 parameters a channel.
        public var convLinearBN: Int
        /// And activations that have a ReLU in them: 1 FLOP an output element, each module once. The papers'
        /// tables are in this count.
        public var published: Int

        enum CodingKeys: String, CodingKey {
            case convLinear = "conv_linear"
            case convLinearBN = "conv_linear_bn"
            case published
        }

        static let zero = Counts(convLinear: 0, convLinearBN: 0, published: 0)
    }

    /// A row of the layer table: one convolution or linear layer.
    public struct Layer: Equatable, Codable, Sendable {
        public enum Kind: String, Codable, Sendable {
            case convolution = "conv"
            case depthwise = "dwconv"
            case grouped = "gconv"
            case linear
        }

        public let name: String
        public let kind: Kind
        public let inChannels: Int
        public let outChannels: Int
        public let kernel: Int
        public let stride: Int
        public let groups: Int
        public let outHeight: Int
        public let outWidth: Int
        public let flops: Int
        public let parameters: Int
        public let hasBias: Bool
    }

    /// In the order of execution.
    public private(set) var layers: [Layer] = []
    public private(set) var flops = Counts.zero
    public private(set) var parameters = Counts.zero

    public init(_ graph: Graph) {
        var normFlops = 0
        var normParameters = 0
        var activations: [String: Int] = [:]
        for (index, node) in graph.nodes.enumerated() {
            let shape = graph.shapes[index]
            switch node.operation {
            case .convolution(let convolution):
                layers.append(
                    Self.row(node.name, convolution, input: graph.shapes[node.inputs[0]], output: shape))
            case .linear(let linear):
                layers.append(Self.row(node.name, linear, features: graph.shapes[node.inputs[0]].count))
            case .batchNorm:
                normFlops += 2 * shape.count
                normParameters += 2 * shape.channels
            case .activation(let activation):
                guard activation.isPublished else { continue }
                // A module used several times has the dimensions of its last call.
                activations[node.module ?? node.name] = shape.count
            case .input, .add, .concatenate, .scale, .maxPool, .averagePool, .globalAveragePool:
                break
            }
        }
        flops.convLinear = layers.reduce(0) { $0 + $1.flops }
        flops.convLinearBN = flops.convLinear + normFlops
        flops.published = activations.values.reduce(flops.convLinearBN, +)
        parameters.convLinear = layers.reduce(0) { $0 + $1.parameters }
        parameters.convLinearBN = parameters.convLinear + normParameters
        parameters.published = parameters.convLinearBN
    }

    private static func row(
        _ name: String, _ convolution: Convolution, input: ImageShape, output: ImageShape
    ) -> Layer {
        let perGroup = input.channels / convolution.groups
        let weights = output.channels * perGroup * convolution.kernel * convolution.kernel
        let kind: Layer.Kind =
            switch convolution.groups {
            case 1: convolution.isLinear ? .linear : .convolution
            case input.channels where output.channels == input.channels: .depthwise
            default: .grouped
            }
        return Layer(
            name: name, kind: kind, inChannels: input.channels, outChannels: output.channels,
            kernel: convolution.kernel, stride: convolution.stride, groups: convolution.groups,
            outHeight: output.height, outWidth: output.width, flops: weights * output.pixels,
            parameters: weights + (convolution.hasBias ? output.channels : 0), hasBias: convolution.hasBias)
    }

    private static func row(_ name: String, _ linear: Linear, features: Int) -> Layer {
        Layer(
            name: name, kind: .linear, inChannels: features, outChannels: linear.outFeatures, kernel: 1,
            stride: 1,
            groups: 1, outHeight: 1, outWidth: 1, flops: features * linear.outFeatures,
            parameters: features * linear.outFeatures + linear.outFeatures, hasBias: true)
    }
}

extension Activation {
    /// Whether the papers' counters see it: they count modules of ReLU and ReLU6, which the hard functions
    /// are made of.
    fileprivate var isPublished: Bool {
        switch self {
        case .relu, .relu6, .hardSwish, .hardSigmoid: true
        case .swish, .sigmoid: false
        }
    }
}
