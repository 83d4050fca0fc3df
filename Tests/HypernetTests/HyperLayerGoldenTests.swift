import Checkpoint
import Hypernet
import NeuralNet
import TensorCore
import TestSupport
import Testing

@Suite("One layer with a hypernetwork, against golden values")
struct HyperLayerGoldenTests {
    static let files = Golden.files("hypernet", prefix: "case")

    @Test("generates the weights", arguments: files)
    func generate(_ file: GoldenFile) throws {
        let golden = try HyperCase(file)
        let network = golden.network()
        let state = try golden.state(network.layout)
        var weights = [Float](repeating: .nan, count: network.parameters.count)
        network.generate(from: state, into: &weights, pool: ComputePool(threads: 2))
        let tensor = try #require(network.parameters["conv.weight"])
        #expect(
            Tolerance.error(Array(weights[tensor.range]), try golden.weight("out.weight")) < Tolerance.layer)
        #expect(!weights.contains { $0.isNaN })
    }

    @Test("carries the gradient of the weights back to every tensor", arguments: files)
    func backward(_ file: GoldenFile) throws {
        let golden = try HyperCase(file)
        let network = golden.network()
        let state = try golden.state(network.layout)
        var gradient = [Float](repeating: 0, count: network.parameters.parameterCount)
        let tensor = try #require(network.parameters["conv.weight"])
        gradient.replaceSubrange(tensor.range, with: try golden.weight("grad.generated_weight"))
        let actual = network.gradients(
            state: state, gradient: try CodedGradient(gradient, network.parameters),
            pool: ComputePool(threads: 2))
        let expected = try golden.gradients(network.layout)
        for tensor in network.layout.tensors {
            if case .plain = tensor.role { continue }
            let error = Tolerance.error(Array(actual[tensor.range]), Array(expected[tensor.range]))
            #expect(error < Tolerance.layer, "\(tensor.name)")
        }
    }

    @Test("cuts the generated weights and the norms down to the masks", arguments: files)
    func prune(_ file: GoldenFile) throws {
        let golden = try HyperCase(file)
        let network = golden.network()
        var plan = Plan(keepingAllOf: golden.graph, wiring: golden.wiring)
        for (index, name) in golden.vectorNames.enumerated() {
            let suffixes = [
                "latent_in": "in", "latent_out": "out", "latent_block": "block", "latent_in_quarter": "in",
            ]
            let own =
                golden.tensors["prune.mask_out"] == nil || golden.tensors["latent_out"] != nil ? "in" : "out"
            let mask = try golden.tensors.uint8s("prune.mask_\(suffixes[name] ?? own)")
            plan.vectors[index].kept = mask.indices.filter { mask[$0] != 0 }
        }
        let surgery = try Surgery(graph: golden.graph, wiring: golden.wiring, plan: plan)
        var weights = [Float](repeating: 0, count: network.parameters.count)
        network.generate(
            from: try golden.state(network.layout), into: &weights, pool: ComputePool(threads: 1))
        var pruned = [Float](repeating: .nan, count: surgery.after.count)
        surgery.prune(weights: weights, into: &pruned)
        for tensor in surgery.after.tensors {
            let name = tensor.name == "conv.bias" ? "conv_bias" : tensor.name.replacing("conv.", with: "")
            let isNormAfter = golden.tensors["prune.\(name)"]?.count == tensor.count
            try #require(isNormAfter, "\(tensor.name) has \(tensor.count) elements")
            let expected =
                tensor.role == .convolutionWeight
                ? try golden.weight("prune.\(name)") : try golden.tensors.floats("prune.\(name)")
            #expect(
                Tolerance.error(Array(pruned[tensor.range]), expected) < Tolerance.layer, "\(tensor.name)")
        }
        let after = (golden.entry["prune"] as? [String: Any])?["groups_after"] as? Int
        guard case .convolution(let convolution) = surgery.pruned.nodes[golden.node].operation else { return }
        #expect(convolution.groups == after)
    }
}
