import Checkpoint
import Hypernet
import NeuralNet
import TensorCore
import TestSupport
import Testing

@Suite("The search phase of whole networks, end to end, against golden values")
struct SearchGoldenTests {
    static let files = Golden.files("prune", prefix: "e2e_")
    static let optimizer = Optimizer.sgd(momentum: 0.9, weightDecay: 1e-4)

    private struct Search {
        let tensors: SafetensorsFile
        let graph: Graph
        let bench: SearchBench
        let names: GoldenNames
        /// By batch: what the latent gradients of the golden run in fp32 are off by.
        let singlePrecisionErrors: [Float]

        init(_ file: GoldenFile) throws {
            tensors = try file.tensors()
            let net = String(file.stem.dropFirst("e2e_".count))
            graph = try PruneCase.networks(net).widened
            bench = try SearchBench(graph, embedding: 2, batch: try #require(tensors["batch0.x"]?.shape[0]))
            let json = try Golden.file("prune/\(net).json")?.json() as? [String: Any]
            let description = json?["e2e"] as? [String: Any]
            let aliases = description?["shared_parameter_aliases"] as? [String: String]
            singlePrecisionErrors = [1, 2].map {
                Float(description?["rel_l2_fp32_vs_fp64_latent_grad_step\($0)"] as? Double ?? 0)
            }
            names = GoldenNames(
                tensors, prefix: "before.", graph: graph, network: bench.network, aliases: aliases ?? [:])
        }
    }

    @Test("logits and latent gradients of every batch, the latents after", arguments: files)
    func search(_ file: GoldenFile) throws {
        let search = try Search(file)
        let (tensors, bench) = (search.tensors, search.bench)
        let latents = bench.network.layout.tensors[bench.network.layout.latentTensors]
        bench.state = try search.names.state(bench.network.layout, tensors, prefix: "before.")
        var batch = 0
        while tensors["batch\(batch).x"] != nil {
            let ofReference = search.singlePrecisionErrors[min(batch, 1)]
            let tolerance = min(
                max(Tolerance.deepStep, Tolerance.deepStepFactor * ofReference), Tolerance.deeperStep)
            let latentTolerance = min(max(Tolerance.deepStep, ofReference), Tolerance.deeperStep)
            let step = try bench.step(
                try GoldenBatch(tensors, images: "batch\(batch).x", labels: "batch\(batch).y"),
                optimizer: Self.optimizer, rate: 0.1)
            let logits = try tensors.floats("fp64.batch\(batch).logits")
            #expect(Tolerance.error(step.logits, logits) < tolerance)
            for (tensor, actual) in zip(latents, step.latentGradients) {
                let expected = try #require(
                    try search.names.values(tensor, tensors, prefix: "fp64.grad\(batch + 1)."))
                // A depthwise layer's only feel the scale of what a batch norm reads.
                let floor = tensor.name.hasSuffix(".in.latent") ? Tolerance.stepFloor : 0
                #expect(
                    Tolerance.error(actual, expected, floor: floor) < latentTolerance,
                    "batch \(batch) \(tensor.name)")
            }
            batch += 1
        }
        for tensor in bench.network.layout.tensors {
            guard let expected = try search.names.values(tensor, tensors, prefix: "after2.") else { continue }
            let error = Tolerance.error(Array(bench.state[tensor.range]), expected)
            #expect(error < Tolerance.deepStep, "\(tensor.name)")
        }
    }

    @Test(
        "logits of the pruned network, evaluating and training",
        arguments: PruneGoldenTests.files.filter(hasProbe))
    func probe(_ file: GoldenFile) throws {
        let golden = try PruneCase(file)
        let whole = try #require(Self.files.first { $0.stem == "e2e_\(golden.description.net)" })
        let search = try Search(whole)
        let network = search.bench.network
        let state = try search.names.state(network.layout, search.tensors, prefix: "after2.")
        var weights = [Float](repeating: 0, count: network.parameters.count)
        let pool = ComputePool(threads: 2)
        network.generate(from: state, into: &weights, pool: pool)
        var plan = Plan(keepingAllOf: golden.graph, wiring: golden.wiring)
        for index in plan.vectors.indices { plan.vectors[index].kept = try golden.mask(index) }
        let surgery = try Surgery(graph: golden.graph, plan: plan)
        var pruned = [Float](repeating: 0, count: surgery.after.count)
        surgery.prune(weights: weights, into: &pruned)

        let probe = try GoldenBatch(search.tensors, images: "probe.x", labels: nil)
        let executor = try Executor(
            graph: surgery.pruned, shard: probe.count, slice: 2, pool: pool, training: false)
        executor.setWeights(pruned)
        for (kind, training) in [("eval", false), ("train", true)] {
            let expected = try golden.tensors.floats("probe.logits_\(kind)")
            let actual = try executor.logits(probe, training: training)
            #expect(Tolerance.error(actual, expected) < Tolerance.deepStep, "\(kind)")
        }
    }

    private static func hasProbe(_ file: GoldenFile) -> Bool {
        guard let tensors = try? file.tensors(), tensors["probe.logits_eval"] != nil else { return false }
        return files.contains { file.stem.hasPrefix("\($0.stem.dropFirst("e2e_".count))_") }
    }
}
