public import NeuralNet

/// Which latent vectors a network has and which of them each convolution reads, derived from its graph.
///
/// Channels that must be pruned together share a vector: what is added together, and what a batch norm, an
/// activation, a pool or a depthwise convolution passes on. METHODS, "Which layers share a vector".
public struct LatentWiring: Equatable, Sendable {
    public struct Vector: Equatable, Sendable {
        /// The first convolution that makes these channels, `input` for the image's, or the convolution whose
        /// own input side it is (a depthwise one's, or one's of whole groups) with `.in` after it.
        public let name: String
        public let length: Int
        /// The image's channels, a network's output and `.in` vectors are never pruned.
        public let isPrunable: Bool
        /// A linear layer reads these channels: their floor is τ instead of ρ.
        public let feedsClassifier: Bool
        /// Other vectors feed it too, as after a concatenation: τ is then a floor of all of them together,
        /// and ρ of each.
        public let sharesClassifier: Bool
        /// The channels that go when one element does: more than one where groups repeat the vector.
        public let channelsPerElement: Int

        package init(
            name: String, length: Int, isPrunable: Bool, feedsClassifier: Bool,
            sharesClassifier: Bool = false,
            channelsPerElement: Int = 1
        ) {
            self.name = name
            self.length = length
            self.isPrunable = isPrunable
            self.feedsClassifier = feedsClassifier
            self.sharesClassifier = sharesClassifier
            self.channelsPerElement = channelsPerElement
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
    /// What each node's output channels are; nil behind a linear layer, whose outputs have no vector.
    public private(set) var channels: [Side?] = []

    public init(_ graph: Graph) {
        var spaces = ChannelSpaces(graph)
        let classifierSpaces = Set(spaces.roots(readBy: graph.linearNodes, graph))
        let fixedSpaces = Set(spaces.roots(of: 0) + spaces.roots(of: graph.nodes.count - 1))
        var vectorOfSpace: [Int: Int] = [:]
        for (index, node) in graph.nodes.enumerated() {
            let roots = spaces.roots(of: index)
            for root in roots where vectorOfSpace[root] == nil {
                let space = spaces[root]
                vectorOfSpace[root] = vectors.count
                vectors.append(
                    Vector(
                        name: node.name, length: space.length, isPrunable: !fixedSpaces.contains(root),
                        feedsClassifier: classifierSpaces.contains(root),
                        sharesClassifier: classifierSpaces.contains(root) && classifierSpaces.count > 1,
                        channelsPerElement: space.repeats * space.tiles))
            }
            let parts = roots.map { root in
                Side.Part(
                    vector: vectorOfSpace[root] ?? 0, repeats: spaces[root].repeats, tiles: spaces[root].tiles
                )
            }
            channels.append(parts.isEmpty ? nil : Side(parts: parts))
            if case .convolution(let convolution) = node.operation {
                addLayer(index, convolution, graph)
            }
        }
    }

    /// A wiring that is not a graph's.
    package init(vectors: [Vector], layers: [Layer], channels: [Side?]) {
        self.vectors = vectors
        self.layers = layers
        self.channels = channels
    }

    private mutating func addLayer(_ index: Int, _ convolution: Convolution, _ graph: Graph) {
        let node = graph.nodes[index]
        guard var input = channels[node.inputs[0]], let output = channels[index] else {
            preconditionFailure("\(node.name) reads the outputs of a linear layer")
        }
        switch GroupForm(convolution, inputs: graph.shapes[node.inputs[0]].channels) {
        case .one:
            break
        case .depthwise, .whole:
            // Nothing of a group's inputs goes without the group: they have a vector of their own.
            input = Side(vector: vectors.count)
            let width = graph.shapes[node.inputs[0]].channels / convolution.groups
            vectors.append(
                Vector(name: "\(node.name).in", length: width, isPrunable: false, feedsClassifier: false))
        case .narrow:
            input = Side(vector: input.parts[0].vector)
        case nil:
            preconditionFailure("\(node.name): no latent wiring for \(convolution.groups) groups")
        }
        layers.append(Layer(node: index, input: input, output: output))
    }
}

extension Graph {
    fileprivate var linearNodes: [Int] {
        nodes.indices.filter { index in
            if case .linear = nodes[index].operation { true } else { false }
        }
    }
}

extension ChannelSpaces {
    fileprivate mutating func roots(readBy readers: [Int], _ graph: Graph) -> [Int] {
        readers.flatMap { roots(of: graph.nodes[$0].inputs[0]) }
    }
}
