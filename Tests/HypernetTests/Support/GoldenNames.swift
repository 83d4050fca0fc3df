import Checkpoint
import Hypernet
import NeuralNet
import TestSupport

/// The golden names of a search state's tensors: `features.I.layerJ.weight1` or
/// `features.I.layers.J.weight1`, `….bn_main.weight`, latent vectors by the layer that owns them or by an
/// alias.
struct GoldenNames {
    private var names: [String: String] = [:]

    /// - Parameters:
    ///   - file: has a `weight1` for each convolution, with `prefix` before it.
    ///   - aliases: latent vectors that layers share, by the layers' own names for them.
    init(
        _ file: SafetensorsFile, prefix: String, graph: Graph, network: HyperNetwork,
        aliases: [String: String]
    ) {
        let layers = file.tensors.map(\.name)
            .filter { $0.hasPrefix(prefix) && $0.hasSuffix(".weight1") }
            .map { String($0.dropFirst(prefix.count).dropLast(".weight1".count)) }
            .sorted { Self.rank($0).lexicographicallyPrecedes(Self.rank($1)) }
        for (layer, golden) in zip(network.wiring.layers, layers) {
            let name = graph.nodes[layer.node].name
            for (ours, theirs) in HyperCase.parts { names["\(name).\(ours)"] = "\(golden).\(theirs)" }
            for part in ["weight", "bias", "running_mean", "running_var"] {
                names["\(graph.nodes[layer.node + 1].name).\(part)"] = "\(golden).bn_main.\(part)"
            }
            let latent = "\(golden).latent_vector"
            // A depthwise layer owns its input side's vector, any other its output's.
            let side = Self.isDepthwise(graph.nodes[layer.node]) ? layer.input : layer.output
            names["\(network.wiring.vectors[side.vector].name).latent"] = aliases[latent] ?? latent
        }
        func first(of candidates: [String], suffix: String) -> String? {
            candidates.first { file[prefix + $0 + suffix] != nil }
        }
        names["input.latent"] = first(of: ["latent_vector_stage0", "latent_vectors.0"], suffix: "")
        guard let classifier = first(of: ["classifier", "classifier.1"], suffix: ".weight"),
            let last = graph.nodes.last?.name
        else { return }
        for part in ["weight", "bias"] { names["\(last).\(part)"] = "\(classifier).\(part)" }
    }

    private static func isDepthwise(_ node: Graph.Node) -> Bool {
        guard case .convolution(let convolution) = node.operation else { return false }
        return convolution.groups > 1
    }

    /// The order of execution: by feature, a block's layers before its down-sampling.
    private static func rank(_ layer: String) -> [Int] {
        layer.split(separator: ".").dropFirst().map { part in
            Int(part) ?? (part == "downsample" ? .max : Int(part.drop(while: \.isLetter)) ?? 0)
        }
    }

    subscript(_ tensor: HyperLayout.Tensor) -> String { names[tensor.name] ?? tensor.name }

    /// The golden values of one of our tensors, in our order; nil if the file has none.
    func values(_ tensor: HyperLayout.Tensor, _ file: SafetensorsFile, prefix: String) throws -> [Float]? {
        guard let info = file[prefix + self[tensor]] else { return nil }
        let values = try file.floats(info.name)
        if case .plain = tensor.role { return values }
        return Permutation.toState(values, info.shape)
    }

    /// A whole state; tensors that the file leaves out are as at the start: variances and norms' scales 1,
    /// others 0.
    func state(_ layout: HyperLayout, _ file: SafetensorsFile, prefix: String) throws -> [Float] {
        var state = [Float](repeating: 0, count: layout.count)
        for tensor in layout.tensors {
            if let values = try values(tensor, file, prefix: prefix) {
                state.replaceSubrange(tensor.range, with: values)
            } else if tensor.role == .plain(.normScale) || tensor.role == .plain(.runningVariance) {
                state.replaceSubrange(tensor.range, with: repeatElement(1, count: tensor.count))
            }
        }
        return state
    }
}
