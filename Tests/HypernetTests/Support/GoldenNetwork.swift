import Hypernet
import NeuralNet

/// A golden network by its layer table: MobileNetV1, and RegNet X, whose residual vectors the released code
/// repeats by 4, which ours does not.
struct GoldenNetwork {
    static let names: Set = ["mobilenetv1", "regnetx200"]

    let graph: Graph
    let wiring: LatentWiring

    init(_ description: PruneCase.Description) {
        let graph = Self.graph(description)
        self.graph = graph
        wiring = description.net == "regnetx200" ? Self.wiring(description, graph) : LatentWiring(graph)
    }

    private static func graph(_ description: PruneCase.Description) -> Graph {
        var graph = Graph(name: description.net, channels: 3, height: 32, width: 32)
        // The block's input, and its last convolution, which the skip is added to.
        var (entry, last) = (0, 0)
        let layers = description.layers.filter { $0.wiring != nil }
        for (index, layer) in layers.enumerated() {
            let parts = layer.name.split(separator: ".")
            if parts.last == "layer1" { entry = last }
            let isSkip = parts.last == "skip_proj"
            let norm = graph.add(layer, after: isSkip ? entry : last)
            let next = index + 1 < layers.count ? layers[index + 1].name : ""
            if parts.last == "layer3", !next.hasSuffix("skip_proj") {
                last = graph.add("\(layer.name).sum", .add, norm, entry)
            } else {
                last = isSkip ? graph.add("\(layer.name).sum", .add, last, norm) : norm
            }
            if next.hasSuffix("skip_proj") { continue }
            last = graph.add("\(layer.name).relu", .activation(.relu), last)
        }
        let pool = graph.add("pool", .globalAveragePool, last)
        graph.add("classifier", .linear(Linear(outFeatures: 10)), pool)
        return graph
    }

    /// As the golden file says.
    private static func wiring(_ description: PruneCase.Description, _ graph: Graph) -> LatentWiring {
        let vectors = description.latents.map {
            LatentWiring.Vector(
                name: $0.key, length: $0.length, isPrunable: !$0.neverPruned,
                feedsClassifier: $0.floorSource == "linear_percentage")
        }
        var layers: [LatentWiring.Layer] = []
        var channels: [LatentWiring.Side?] = []
        for (index, node) in graph.nodes.enumerated() {
            let wiring = description.layers.first { $0.name == node.name }?.wiring
            if case .linear = node.operation {
                channels.append(nil)
            } else if let wiring {
                let output = LatentWiring.Side(vector: wiring.outLatent, repeats: wiring.outLatentRepeat)
                let input = LatentWiring.Side(vector: wiring.inLatent, repeats: wiring.inLatentRepeat)
                layers.append(LatentWiring.Layer(node: index, input: input, output: output))
                channels.append(output)
            } else {
                channels.append(index == 0 ? LatentWiring.Side(vector: 0) : channels[node.inputs[0]])
            }
        }
        return LatentWiring(vectors: vectors, layers: layers, channels: channels)
    }
}

extension Graph {
    /// A convolution and its batch norm. A group's inputs are as many as the elements of the layer's own
    /// vector.
    fileprivate mutating func add(_ layer: PruneCase.Description.Layer, after input: Int) -> Int {
        let isGrouped = layer.wiring?.role.hasPrefix("grouped") ?? false
        let groups = isGrouped ? (layer.inFull ?? 0) / (layer.wiring?.ownLatentLength ?? 1) : 1
        let convolution = Convolution(
            outChannels: layer.outFull ?? 0, kernel: layer.k ?? 1, stride: layer.stride ?? 1, groups: groups)
        let node = add(layer.name, .convolution(convolution), input)
        return add("\(layer.name).bn", .batchNorm(BatchNorm()), node)
    }
}
