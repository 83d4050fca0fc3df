import Checkpoint
import Foundation
import Hypernet
import NeuralNet
import TensorCore
import TestSupport

/// One golden layer with a hypernetwork: driven by its constructor's arguments and its tensors' names and
/// shapes.
struct HyperCase {
    let name: String
    let tensors: SafetensorsFile
    let entry: [String: Any]
    let graph: Graph
    let wiring: LatentWiring
    /// The golden names of the wiring's vectors.
    let vectorNames: [String]
    /// The node of the convolution.
    let node: Int
    let convolution: Convolution
    /// (C, N, k², m) of w2.
    let shape: [Int]

    static let parts = [
        ("w1", "weight1"), ("w2", "weight2"), ("b0", "bias0"), ("b1", "bias1"), ("b2", "bias2"),
    ]

    init(_ file: GoldenFile) throws {
        name = file.stem
        tensors = try file.tensors()
        let index = try Golden.file("hypernet/index.json")?.json() as? [String: Any]
        let cases = index?["cases"] as? [String: [String: Any]]
        guard let entry = cases?[name], let arguments = entry["ctor"] as? [String: Any],
            let w2 = tensors["weight2"]?.shape, let x = tensors["x"]?.shape
        else { throw GoldenMissing(what: "index entry or tensors of \(name)") }
        self.entry = entry
        shape = [w2[0], w2[1], w2[2], w2[3]]
        let kernel = arguments["kernel_size"] as? Int ?? 1
        let isTransposed = arguments["transpose"] as? Bool ?? false
        convolution = Convolution(
            outChannels: w2[1], kernel: kernel, stride: arguments["stride"] as? Int ?? 1,
            padding: isTransposed ? 0 : kernel / 2, groups: x[1] / w2[0],
            hasBias: arguments["bias"] as? Bool ?? false)
        let normBefore = arguments["location"] as? String == "before"
        let hasNorm = arguments["batchnorm"] as? Bool ?? false
        var graph = Graph(name: name, channels: x[1], height: x[2], width: x[3])
        var last = 0
        if hasNorm, normBefore { last = graph.add("bn", .batchNorm(BatchNorm()), last) }
        node = graph.add("conv", .convolution(convolution), last)
        if hasNorm, !normBefore { graph.add("bn", .batchNorm(BatchNorm()), node) }
        self.graph = graph
        (vectorNames, wiring) = try Self.wiring(entry, tensors, graph, node: node)
    }

    /// Own latent vector on the output side; with groups, on the input side.
    private static func wiring(
        _ entry: [String: Any], _ tensors: SafetensorsFile, _ graph: Graph, node: Int
    ) throws -> ([String], LatentWiring) {
        func present(_ names: String...) -> String? { names.first { tensors[$0] != nil } }
        let isShared = (entry["latent_in"] as? String)?.hasPrefix("latent_block itself") ?? false
        let input: String?
        let output: String?
        if let outer = present("latent_out", "latent_block") {
            (input, output) = (isShared ? outer : "latent_vector", outer)
        } else {
            input = present("latent_in", "latent_in_quarter")
            output = present("latent_vector") ?? input
        }
        guard let input, let output, let inputLength = tensors[input]?.count,
            let outputLength = tensors[output]?.count, let w2 = tensors["weight2"]?.shape
        else { throw GoldenMissing(what: "latent vectors") }
        let names = input == output ? [input] : [input, output]
        let inputSide = LatentWiring.Side(vector: 0, repeats: w2[0] / inputLength)
        let outputSide = LatentWiring.Side(vector: names.count - 1, repeats: w2[1] / outputLength)
        // Grouped layers keep the channels of their input, others have the input vector's.
        let isGrouped = graph.shapes[0].channels != w2[0]
        let channels = graph.nodes.indices.map { index -> LatentWiring.Side? in
            index >= node || isGrouped ? outputSide : inputSide
        }
        let vectors = names.map { name in
            LatentWiring.Vector(
                name: name, length: tensors[name]?.count ?? 0, isPrunable: true, feedsClassifier: false)
        }
        return (
            names,
            LatentWiring(
                vectors: vectors, layers: [.init(node: node, input: inputSide, output: outputSide)],
                channels: channels)
        )
    }

    func network() -> HyperNetwork {
        HyperNetwork(graph: graph, wiring: wiring, embedding: shape[3])
    }

    /// The state before the forward pass, in `layout`.
    func state(_ layout: HyperLayout) throws -> [Float] {
        try assemble(layout, prefix: "")
    }

    /// The golden gradients of what `layout` has parameters for; zero where a tensor has none.
    func gradients(_ layout: HyperLayout) throws -> [Float] {
        Array(try assemble(layout, prefix: "grad.").prefix(layout.parameterCount))
    }

    private func assemble(_ layout: HyperLayout, prefix: String) throws -> [Float] {
        var state = [Float](repeating: 0, count: layout.count)
        for tensor in layout.tensors {
            let golden = prefix + goldenName(tensor)
            guard let info = tensors[golden] else { continue }
            let values = try tensors.floats(golden)
            let ours = golden.hasSuffix("latent_vector") ? values : Permutation.toState(values, info.shape)
            state.replaceSubrange(tensor.range, with: ours)
        }
        return state
    }

    private func goldenName(_ tensor: HyperLayout.Tensor) -> String {
        if let part = Self.parts.first(where: { tensor.name == "conv.\($0.0)" }) { return part.1 }
        if tensor.role == .latent { return String(tensor.name.dropLast(".latent".count)) }
        return tensor.name == "conv.bias" ? "bias" : tensor.name
    }

    /// A golden weight as (N, C, k, k); a transposed convolution's is (C, N, k, k) in the file.
    func weight(_ name: String) throws -> [Float] {
        let values = try tensors.floats(name)
        guard isTransposed, let shape = tensors[name]?.shape else { return values }
        return Permutation.apply(values, shape: shape, axes: [1, 0, 2, 3])
    }

    var isTransposed: Bool { (entry["ctor"] as? [String: Any])?["transpose"] as? Bool ?? false }

    /// Whether it is a convolution, a batch norm after it perhaps, and nothing or a ReLU.
    var isPlainBlock: Bool {
        let arguments = entry["ctor"] as? [String: Any] ?? [:]
        let activation = arguments["act"] as? String
        return !isTransposed && arguments["location"] as? String != "before"
            && (activation == nil || activation == "relu")
    }

    var hasActivation: Bool {
        let act = (entry["ctor"] as? [String: Any])?["act"]
        return act as? String == "relu" || act as? Bool == true
    }

    var hasNorm: Bool { (entry["ctor"] as? [String: Any])?["batchnorm"] as? Bool ?? false }
}

struct GoldenMissing: Error {
    let what: String
}
