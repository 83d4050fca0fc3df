import NeuralNet

/// The channels of a graph's nodes as sequences of spaces: union-find over what convolutions make.
///
/// A space is the image's channels or a convolution's outputs, and whatever must be pruned together with
/// them. Groups repeat a space's latent elements.
struct ChannelSpaces {
    struct Space {
        let channels: Int
        /// Adjacent channels that go together, as whole groups do.
        var repeats = 1
        /// Runs of channels that are pruned alike, as groups that narrow are.
        var tiles = 1

        /// Elements of the latent vector.
        var length: Int { channels / (repeats * tiles) }
        var hasGroups: Bool { repeats * tiles > 1 }
    }

    /// By space; those that are not roots are out of date.
    private var spaces: [Space] = []
    private var parent: [Int] = []
    /// By node: its channels' spaces, one after the other; empty behind a linear layer.
    private var sequences: [[Int]] = []

    init(_ graph: Graph) {
        for (index, node) in graph.nodes.enumerated() {
            switch node.operation {
            case .input(let channels, _, _):
                sequences.append([append(Space(channels: channels))])
            case .convolution(let convolution):
                sequences.append(outputs(convolution, graph, index))
            case .linear:
                sequences.append([])
            case .concatenate:
                sequences.append(node.inputs.flatMap { sequences[$0] })
            case .add, .scale:
                join(sequences[node.inputs[0]], sequences[node.inputs[1]], node.name)
                sequences.append(sequences[node.inputs[0]])
            case .batchNorm, .activation, .maxPool, .averagePool, .globalAveragePool:
                sequences.append(sequences[node.inputs[0]])
            }
        }
    }

    /// The spaces of a node's channels, each by the first of what was joined.
    mutating func roots(of node: Int) -> [Int] {
        sequences[node].map { root($0) }
    }

    subscript(root: Int) -> Space { spaces[root] }

    private mutating func append(_ space: Space) -> Int {
        parent.append(spaces.count)
        spaces.append(space)
        return spaces.count - 1
    }

    private mutating func outputs(_ convolution: Convolution, _ graph: Graph, _ index: Int) -> [Int] {
        let node = graph.nodes[index]
        let inputs = graph.shapes[node.inputs[0]].channels
        let sequence = sequences[node.inputs[0]]
        switch GroupForm(convolution, inputs: inputs) {
        case .one:
            return [append(Space(channels: convolution.outChannels))]
        case .depthwise:
            return sequence
        case .whole:
            for space in sequence {
                group(space, repeats: inputs / convolution.groups, tiles: 1, node.name)
            }
            return sequence
        case .narrow:
            precondition(sequence.count == 1, "\(node.name): groups that narrow read concatenated channels")
            group(sequence[0], repeats: 1, tiles: convolution.groups, node.name)
            return [append(Space(channels: convolution.outChannels, tiles: convolution.groups))]
        case nil:
            preconditionFailure(
                "\(node.name): no latent wiring for \(convolution.groups) groups of \(inputs) channels to "
                    + "\(convolution.outChannels)")
        }
    }

    /// Makes a space's channels go by groups; one that already does must have the same ones.
    private mutating func group(_ space: Int, repeats: Int, tiles: Int, _ name: String) {
        let root = root(space)
        let old = spaces[root]
        precondition(
            !old.hasGroups || old.repeats == repeats && old.tiles == tiles,
            "\(name): channels in groups of \(old.repeats)×\(old.tiles) cannot also be in groups of "
                + "\(repeats)×\(tiles)")
        precondition(
            old.channels % (repeats * tiles) == 0,
            "\(name): \(old.channels) channels cannot be in groups of \(repeats)×\(tiles)")
        spaces[root].repeats = repeats
        spaces[root].tiles = tiles
    }

    private mutating func root(_ space: Int) -> Int {
        var space = space
        while parent[space] != space {
            parent[space] = parent[parent[space]]
            space = parent[space]
        }
        return space
    }

    private mutating func join(_ first: [Int], _ second: [Int], _ name: String) {
        let counts = [first, second].map { $0.map { spaces[$0].channels } }
        precondition(
            counts[0] == counts[1], "\(name) joins channels concatenated from \(counts[0]) and \(counts[1])")
        for (one, other) in zip(first, second) {
            let (low, high) = (min(root(one), root(other)), max(root(one), root(other)))
            guard low != high else { continue }
            let joined = spaces[high]
            parent[high] = low
            if joined.hasGroups { group(low, repeats: joined.repeats, tiles: joined.tiles, name) }
        }
    }
}
