public import NeuralNet

/// Where each tensor of the search phase's state lies in one flat vector of fp32: the hypernetwork's
/// parameters of every convolution, the latent vectors, the network's other parameters, and its running
/// statistics last.
///
/// For a convolution with C input channels a group, N outputs, k×k taps and embedding m: `w1` (C, m, N), `w2`
/// (C, m, k², N), `b0` (C, N), `b1` (C, m, N), `b2` (C, k², N). Output channels are innermost, so that the
/// kernels are vectors over them and a row, one input channel, is contiguous.
public struct HyperLayout: Equatable, Sendable {
    public enum Role: Equatable, Sendable {
        case w1, w2, b0, b1, b2
        case latent
        /// A tensor of the network itself.
        case plain(ParameterLayout.Role)
    }

    public struct Tensor: Equatable, Sendable {
        public let name: String
        public let role: Role
        public let shape: [Int]
        public let offset: Int
        public let count: Int

        public var range: Range<Int> { offset..<offset + count }
    }

    /// A run of state that is also a run of the network's own layout.
    public struct Correspondence: Equatable, Sendable {
        public let state: Int
        public let weights: Int
        public let count: Int
    }

    public private(set) var tensors: [Tensor] = []
    /// Elements that the optimizer updates; running statistics follow from here to `count`, in the order of
    /// ``ParameterLayout``.
    public private(set) var parameterCount = 0
    public private(set) var count = 0
    /// Where the tensors of one convolution begin in `tensors` (w1, w2, b0, b1, b2), in the wiring's order.
    public private(set) var layerTensors: [Int] = []
    /// Where the latent vectors begin in `tensors`, in the wiring's order.
    public private(set) var latentTensors = 0..<0
    /// The latent vectors' elements, one run.
    public private(set) var latents = 0..<0
    /// The running statistics, one run of both layouts.
    public private(set) var runningStatistics = Correspondence(state: 0, weights: 0, count: 0)
    private var indices: [String: Int] = [:]

    public init(graph: Graph, wiring: LatentWiring, embedding: Int) {
        precondition(embedding > 0, "an embedding of \(embedding)")
        let parameters = ParameterLayout(graph)
        for layer in wiring.layers {
            guard case .convolution(let convolution) = graph.nodes[layer.node].operation else { continue }
            let inputs = graph.shapes[graph.nodes[layer.node].inputs[0]].channels / convolution.groups
            let (outputs, taps) = (convolution.outChannels, convolution.kernel * convolution.kernel)
            let name = graph.nodes[layer.node].name
            layerTensors.append(tensors.count)
            append("\(name).w1", .w1, [inputs, embedding, outputs])
            append("\(name).w2", .w2, [inputs, embedding, taps, outputs])
            append("\(name).b0", .b0, [inputs, outputs])
            append("\(name).b1", .b1, [inputs, embedding, outputs])
            append("\(name).b2", .b2, [inputs, taps, outputs])
        }
        let firstLatent = tensors.count
        let latentStart = count
        for vector in wiring.vectors { append(Self.latentName(vector.name), .latent, [vector.length]) }
        latentTensors = firstLatent..<tensors.count
        latents = latentStart..<count
        let ownTensors = parameters.tensors.filter { $0.role != .convolutionWeight }
        parameterCount = count
        for tensor in ownTensors {
            append(tensor.name, .plain(tensor.role), tensor.shape)
            if tensor.offset < parameters.parameterCount { parameterCount = count }
        }
        runningStatistics = Correspondence(
            state: parameterCount, weights: parameters.parameterCount, count: count - parameterCount)
    }

    private mutating func append(_ name: String, _ role: Role, _ shape: [Int]) {
        let size = shape.reduce(1, *)
        indices[name] = tensors.count
        tensors.append(Tensor(name: name, role: role, shape: shape, offset: count, count: size))
        count += size
    }

    /// The tensor that holds a vector of the wiring.
    static func latentName(_ vector: String) -> String { "\(vector).latent" }

    public subscript(name: String) -> Tensor? {
        indices[name].map { tensors[$0] }
    }
}
