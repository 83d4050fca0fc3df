import Checkpoint
import Hypernet
import NeuralNet
import TestSupport
import Testing

@testable import ModelZoo

@Suite("DHP's steps, against golden values")
struct ProximalGoldenTests {
    static let operatorFiles = Golden.files("step", prefix: "proximal")
    static let stepFiles = Golden.files("step", prefix: "dhp")

    private static func index() throws -> [String: Any] {
        guard let index = try Golden.file("step/index.json")?.json() as? [String: Any] else {
            throw GoldenMissing(what: "step/index.json")
        }
        return index
    }

    @Test("the proximal operators alone", arguments: operatorFiles)
    func operators(_ file: GoldenFile) throws {
        let tensors = try file.tensors()
        let entry = try Self.index()[file.stem] as? [String: Any]
        let rows = try #require(entry?["rows"] as? [[String: Any]])
        for row in rows {
            let penalty = try #require((row["op"] as? String).flatMap(ProximalStep.Penalty.init))
            let name = "\(penalty.rawValue).\(try #require(row["case"] as? Int))"
            var values = try tensors.floats("\(name).in")
            let amount = Float(try #require(row["reg"] as? Double))
            values.withUnsafeMutableBufferPointer { ProximalStep.move($0, penalty, by: amount) }
            #expect(
                Tolerance.error(values, try tensors.floats("\(name).out")) < Tolerance.difference, "\(name)")
        }
        #expect(rows.count > 3)
    }

    /// The released code does not prune what the classifier reads in these networks.
    @Test("a whole step: state, gradients, momenta, then the latent vectors", arguments: stepFiles)
    func step(_ file: GoldenFile) throws {
        let tensors = try file.tensors()
        let entry = try #require(try Self.index()[file.stem] as? [String: Any])
        let optimizer = try #require(entry["optimizer"] as? [String: Any])
        func number(_ key: String, of values: [String: Any]) throws -> Double {
            try #require(values[key] as? Double)
        }
        let graph = ResidualNetwork(name: "resnet8", stem: .cifar, block: .basic, blocks: [1, 1, 1])
            .graph(
                GraphOptions(
                    input: 32, classes: 10, width: 0.5, forHypernetwork: true, groupPruning: .whole))
        let bench = try SearchBench(graph, embedding: 2, batch: try #require(tensors["step1.x"]?.shape[0]))
        let (network, layout) = (bench.network, bench.network.layout)
        let names = GoldenNames(
            tensors, prefix: "before.", graph: graph, network: network,
            aliases: try #require(entry["parameter_aliases"] as? [String: String]))
        bench.state = try names.state(layout, tensors, prefix: "before.")
        let batch = try GoldenBatch(tensors, images: "step1.x", labels: "step1.labels")
        let rate = Float(try number("lr", of: optimizer))
        let taken = try bench.step(
            batch,
            optimizer: .sgd(
                momentum: try number("momentum", of: optimizer),
                weightDecay: try number("weight_decay", of: optimizer),
                isNesterov: optimizer["nesterov"] as? Bool ?? false), rate: rate)
        #expect(Tolerance.error(taken.logits, try tensors.floats("step1.logits")) < Tolerance.step)
        #expect(Tolerance.error([Float(taken.loss)], try tensors.floats("step1.loss")) < Tolerance.loss)
        func check(_ values: [Float], _ what: String, _ tensor: HyperLayout.Tensor) throws {
            let expected = try #require(try names.values(tensor, tensors, prefix: "step1.\(what)."))
            let error = Tolerance.error(Array(values[tensor.range]), expected, floor: Tolerance.stepFloor)
            #expect(error < Tolerance.deepStep, "\(what) \(tensor.name)")
        }
        for tensor in layout.tensors {
            try check(bench.state, "after", tensor)
            guard tensor.offset < layout.parameterCount else { continue }
            try check(taken.gradients, "grad", tensor)
            try check(bench.momenta, "momentum", tensor)
        }
        let settings = ShrinkSettings(budget: .ratio(0.5), minChannels: 4, keepsClassifierInput: true)
        let proximal = ProximalStep(
            penalty: file.stem.hasSuffix("l1") ? .l1 : .l2,
            strength: Float(try number("regularization_factor", of: entry)),
            threshold: Float(try number("prune_threshold", of: entry)), vectors: network.wiring.vectors,
            settings: settings)
        bench.state.withUnsafeMutableBufferPointer {
            proximal.apply(to: $0.baseAddress! + layout.latents.lowerBound, rate: rate)
        }
        for tensor in layout.tensors[layout.latentTensors] {
            try check(bench.state, "after_prox", tensor)
        }
    }
}
