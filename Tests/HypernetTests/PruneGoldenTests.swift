import Checkpoint
import Hypernet
import NeuralNet
import TensorCore
import TestSupport
import Testing

@Suite("Single-shot pruning, against golden values")
struct PruneGoldenTests {
    static let files = ["mobilenet", "regnet", "resnet"].flatMap { Golden.files("prune", prefix: $0) }

    @Test("tries the thresholds of the released code, one by one", arguments: files)
    func trace(_ file: GoldenFile) throws {
        let golden = try PruneCase(file)
        let importances = golden.settings.importance.values(
            latents: try #require(try golden.vectors("latent")),
            gradients: try #require(try golden.vectors("latent_grad")))
        let rule = try KeepRule(
            importances: importances, vectors: golden.wiring.vectors, settings: golden.settings)
        let model = CostModel(golden.graph, golden.wiring, measure: .flops)
        let widened = model.cost(golden.wiring.vectors.map(\.length))
        #expect(widened == golden.description.flopsFull)
        let outcome = ThresholdSearch(rule: rule, model: model, widened: widened)
            .reference(target: golden.description.targetRatio)
        #expect(outcome.trials.map(\.threshold) == golden.description.trace.map(\.threshold))
        #expect(outcome.trials.map(\.cost) == golden.description.trace.map(\.flops))
        #expect(outcome.trials.map(\.ratio) == golden.description.trace.map(\.ratio))
        #expect(outcome.isReached == golden.description.converged)
        #expect(outcome.threshold == golden.description.thresholdAfterSearch)
    }

    @Test("keeps the same channels, at the same cost", arguments: files)
    func plan(_ file: GoldenFile) throws {
        let golden = try PruneCase(file)
        let plan = try plan(golden)
        for (index, vector) in plan.vectors.enumerated() {
            #expect(vector.kept == (try golden.mask(index)), "\(vector.name)")
            let latent = golden.description.latents[golden.latentIndices[index]]
            #expect(vector.length == latent.length)
            #expect(vector.floor == (latent.neverPruned ? latent.length : latent.floor), "\(vector.name)")
        }
        #expect(plan.widened.flops.convLinear == golden.description.flopsFull)
        #expect(plan.pruned.flops.convLinear == golden.description.flopsAfter)
        #expect(plan.pruned.flops.convLinearBN == golden.description.flopsConvLinearBn)
        #expect(plan.pruned.flops.published == golden.description.flopsConvLinearBnRelu)
        #expect(plan.pruned.parameters.convLinear == golden.description.paramsAfter)
        #expect(plan.pruned.parameters.published == golden.description.paramsConvLinearBn)
        let rows = Complexity(try Surgery(graph: golden.graph, wiring: golden.wiring, plan: plan).pruned)
            .layers
        #expect(rows.map(\.inChannels) == golden.description.layers.map(\.inRemain))
        #expect(rows.map(\.outChannels) == golden.description.layers.map(\.outRemain))
        #expect(rows.map(\.flops) == golden.description.layers.map(\.macs))
        #expect(rows.map(\.parameters) == golden.description.layers.map(\.params))
    }

    @Test("wires the latent vectors as the released code does", arguments: files)
    func wiring(_ file: GoldenFile) throws {
        let golden = try PruneCase(file)
        let layers = golden.wiring.layers.map {
            [
                golden.latentIndices[$0.input.vector], $0.input.parts[0].repeats,
                golden.latentIndices[$0.output.vector], $0.output.parts[0].repeats,
            ]
        }
        #expect(layers == golden.description.layers.compactMap { $0.wiring?.indices })
        #expect(Set(golden.latentIndices) == Set(golden.description.latents.indices))
    }

    @Test("cuts the two given layers, weights and norms", arguments: files)
    func surgery(_ file: GoldenFile) throws {
        let golden = try PruneCase(file)
        let network = HyperNetwork(graph: golden.graph, wiring: golden.wiring, embedding: 2)
        let state = try state(golden, network.layout)
        var weights = [Float](repeating: 0, count: network.parameters.count)
        network.generate(from: state, into: &weights, pool: ComputePool(threads: 2))
        let surgery = try Surgery(graph: golden.graph, wiring: golden.wiring, plan: try plan(golden))
        var pruned = [Float](repeating: .nan, count: surgery.after.count)
        surgery.prune(weights: weights, into: &pruned)
        for (index, layer) in golden.description.layers.enumerated() {
            guard golden.description.twoLayers[layer.name] != nil else { continue }
            for (ours, theirs) in names(golden.graph, node: golden.wiring.layers[index].node) {
                let tensor = try #require(surgery.after[ours])
                let expected = try golden.tensors.floats("pruned.\(layer.name).\(theirs)")
                let error = Tolerance.error(Array(pruned[tensor.range]), expected)
                #expect(error < Tolerance.layer, "\(layer.name) \(theirs)")
            }
        }
    }

    /// Our names and the golden ones of a convolution's weight and its batch norm's tensors.
    private func names(_ graph: Graph, node: Int) -> [(String, String)] {
        let norm = graph.nodes[node + 1].name
        return [("\(graph.nodes[node].name).weight", "weight")]
            + ["weight", "bias", "running_mean", "running_var"].map { ("\(norm).\($0)", "bn.\($0)") }
    }

    /// The latent vectors and the two layers given; everything else zero.
    private func state(_ golden: PruneCase, _ layout: HyperLayout) throws -> [Float] {
        var state = [Float](repeating: 0, count: layout.count)
        for (tensor, values) in zip(
            layout.tensors[layout.latentTensors], try #require(try golden.vectors("latent")))
        {
            state.replaceSubrange(tensor.range, with: values)
        }
        for (index, layer) in golden.description.layers.enumerated() {
            guard golden.description.twoLayers[layer.name] != nil else { continue }
            let node = golden.wiring.layers[index].node
            let parts = HyperCase.parts.map { ("\(golden.graph.nodes[node].name).\($0.0)", $0.1) }
            for (ours, theirs) in parts + names(golden.graph, node: node).dropFirst() {
                let tensor = try #require(layout[ours])
                let name = "layer.\(layer.name).\(theirs)"
                let values = try golden.tensors.floats(name)
                let shape = try #require(golden.tensors[name]?.shape)
                state.replaceSubrange(tensor.range, with: Permutation.toState(values, shape))
            }
        }
        return state
    }

    private func plan(_ golden: PruneCase) throws -> Plan {
        try Plan(
            shrinking: golden.graph, wiring: golden.wiring, baseline: golden.baseline,
            latents: try #require(try golden.vectors("latent")),
            gradients: try #require(try golden.vectors("latent_grad")), settings: golden.settings)
    }
}
