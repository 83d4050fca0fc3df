public import NeuralNet

/// Which latent vectors a network has and which of them each convolution reads, derived from its graph.
///
/// Channels that must be pruned together share a vector: what is added together, and what a batch norm, an
/// activation, a pool or a depthwise convolution passes on. METHODS, section 1.
public struct LatentWiring: Equatable, Sendable {
    public struct Vector: Equatable, Sendable {
        /// The first convolution that makes these channels, `input` for the image's, or the depthwise
        /// convolution whose own input side it is with `.in` after it.
        public let name: String
        public let length: Int
        /// The image's channels and a depthwise convolution's input side are never pruned.
        public let isPrunable: Bool
        /// A linear layer reads these channels: their floor is τ instead of ρ.
        public let feedsClassifier: Bool

        package init(name: String, length: Int, isPrunable: Bool, feedsClassifier: Bool) {
            self.name = name
            self.length = length
            self.isPrunable = isPrunable
            self.feedsClassifier = feedsClassifier
        }
    }

    /// One side of a layer: channel c has latent element c / repeats of the vector (repeat_interleave).
    public struct Side: Equatable, Sendable {
        public let vector: Int
        public let repeats: Int

        public init(vector: Int, repeats: Int = 1) {
            self.vector = vector
            self.repeats = repeats
        }
    }

    public struct Layer: Equatable, Sendable {
        /// The convolution's node.
        public let node: Int
        /// The input channels of one group.
        public let input: Side
        public let output: Side

        package init(node: Int, input: Side, output: Side) {
            self.node = node
            self.input = input
            self.output = output
        }
    }

    /// In the order of the first node that has them.
    public private(set) var vectors: [Vector] = []
    /// One per convolution, in the order of the graph.
    public private(set) var layers: [Layer] = []
    /// What each node's output channels are; nil for the logits.
    public private(set) var channels: [Side?] = []

    public init(_ graph: Graph) {
        var spaces = ChannelSpaces(graph)
        let classifierSpaces = graph.nodes.compactMap { node -> Int? in
            guard case .linear = node.operation else { return nil }
            return spaces.root(node.inputs[0])
        }
        var vectorOfSpace: [Int: Int] = [:]
        channels = [Side?](repeating: nil, count: graph.nodes.count)
        for (index, node) in graph.nodes.enumerated() {
            if case .linear = node.operation { continue }
            let space = spaces.root(index)
            let vector = vectorOfSpace[space] ?? vectors.count
            if vector == vectors.count {
                vectorOfSpace[space] = vector
                vectors.append(
                    Vector(
                        name: node.name, length: graph.shapes[index].channels,
                        isPrunable: space != spaces.root(0), feedsClassifier: classifierSpaces.contains(space)
                    ))
            }
            channels[index] = Side(vector: vector)
            guard case .convolution(let convolution) = node.operation else { continue }
            addLayer(index, node, convolution, output: vector)
        }
    }

    /// A wiring that is not a graph's.
    package init(vectors: [Vector], layers: [Layer], channels: [Side?]) {
        self.vectors = vectors
        self.layers = layers
        self.channels = channels
    }

    private mutating func addLayer(
        _ index: Int, _ node: Graph.Node, _ convolution: Convolution, output: Int
    ) {
        var input = channels[node.inputs[0]]
        if convolution.groups > 1 {
            input = Side(vector: vectors.count)
            vectors.append(
                Vector(name: "\(node.name).in", length: 1, isPrunable: false, feedsClassifier: false))
        }
        guard let input else { preconditionFailure("\(node.name) reads the logits") }
        layers.append(Layer(node: index, input: input, output: Side(vector: output)))
    }
}

/// Union-find over the channel spaces of a graph's nodes. The root of a set is its first node.
private struct ChannelSpaces {
    private var parent: [Int]

    init(_ graph: Graph) {
        parent = Array(graph.nodes.indices)
        for (index, node) in graph.nodes.enumerated() {
            switch node.operation {
            case .input, .linear:
                break
            case .convolution(let convolution):
                guard convolution.groups > 1 else { continue }
                let channels = graph.shapes[node.inputs[0]].channels
                precondition(
                    convolution.groups == channels && convolution.outChannels == channels,
                    "\(node.name): no latent wiring for \(convolution.groups) groups of \(channels) channels")
                join(index, node.inputs[0])
            case .concatenate, .scale:
                preconditionFailure("\(node.name): no latent wiring for this operation")
            case .batchNorm, .activation, .add, .maxPool, .averagePool, .globalAveragePool:
                for input in node.inputs { join(index, input) }
            }
        }
    }

    mutating func root(_ node: Int) -> Int {
        var node = node
        while parent[node] != node {
            parent[node] = parent[parent[node]]
            node = parent[node]
        }
        return node
    }

    private mutating func join(_ first: Int, _ second: Int) {
        let (first, second) = (root(first), root(second))
        parent[max(first, second)] = min(first, second)
    }
}
