import Checkpoint
import Hypernet
import NeuralNet
import TestSupport
import Testing

@Suite("Training steps of a network with a hypernetwork, end to end, against golden values")
struct StepGoldenTests {
    private struct Entry {
        let optimizer: Optimizer
        let rate: Float
        /// Latent vectors that layers share, by the layers' own names for them.
        let aliases: [String: String]
    }

    @Test(
        "every step's logits, loss, gradients, momenta and state",
        arguments: Golden.files("step", prefix: "hh_tiny"))
    func steps(_ file: GoldenFile) throws {
        let tensors = try file.tensors()
        let index = try #require(try Golden.file("step/index.json")?.json() as? [String: Any])
        let entry = try Self.entry(index[file.stem])
        let graph = Self.graph()
        let bench = try SearchBench(graph, embedding: 2, batch: try #require(tensors["step1.x"]?.shape[0]))
        let layout = bench.network.layout
        let names = GoldenNames(
            tensors, prefix: "before.", graph: graph, network: bench.network, aliases: entry.aliases
        )
        bench.state = try names.state(layout, tensors, prefix: "before.")
        var number = 1
        while tensors["step\(number).x"] != nil {
            let prefix = "step\(number)."
            let batch = try GoldenBatch(tensors, images: "\(prefix)x", labels: "\(prefix)labels")
            let step = try bench.step(batch, optimizer: entry.optimizer, rate: entry.rate)
            #expect(Tolerance.error(step.logits, try tensors.floats("\(prefix)logits")) < Tolerance.step)
            #expect(Tolerance.error([Float(step.loss)], try tensors.floats("\(prefix)loss")) < Tolerance.loss)
            var missing = 0
            for tensor in layout.tensors {
                func check(_ values: [Float], _ what: String) throws {
                    guard let expected = try names.values(tensor, tensors, prefix: "\(prefix)\(what).") else {
                        missing += 1
                        return
                    }
                    let error = Tolerance.error(
                        Array(values[tensor.range]), expected, floor: Tolerance.stepFloor)
                    #expect(error < Tolerance.step, "step \(number) \(what) \(tensor.name)")
                }
                try check(bench.state, "after")
                guard tensor.offset < layout.parameterCount else { continue }
                try check(step.gradients, "grad")
                try check(bench.momenta, "momentum")
            }
            #expect(missing == 0)
            let latents = layout.tensors[layout.latentTensors].map { Array(step.gradients[$0.range]) }
            #expect(step.latentGradients == latents)
            number += 1
        }
        #expect(number > 2)
    }

    private static func entry(_ value: Any?) throws -> Entry {
        guard let value = value as? [String: Any], let optimizer = value["optimizer"] as? [String: Any],
            let aliases = value["parameter_aliases"] as? [String: String]
        else { throw GoldenMissing(what: "entry of step/index.json") }
        func number(_ key: String) -> Double { optimizer[key] as? Double ?? .nan }
        return Entry(
            optimizer: .sgd(
                momentum: number("momentum"), weightDecay: number("weight_decay"),
                isNesterov: optimizer["nesterov"] as? Bool ?? false),
            rate: Float(number("lr")),
            aliases: aliases)
    }

    /// step/index.json, `network`.
    private static func graph() -> Graph {
        var graph = Graph(name: "hh_tiny", channels: 3, height: 16, width: 16)
        func convolve(_ name: String, _ channels: Int, stride: Int = 1, from input: Int) -> Int {
            let convolution = Convolution(outChannels: channels, kernel: 3, stride: stride)
            let node = graph.add(name, .convolution(convolution), input)
            return graph.add("\(name).bn", .batchNorm(BatchNorm()), node)
        }
        let stem = graph.add("relu1", .activation(.relu), convolve("stem", 8, from: 0))
        let inner = graph.add("relu2", .activation(.relu), convolve("layer1", 8, from: stem))
        let sum = graph.add("add", .add, convolve("layer2", 8, from: inner), stem)
        let block = graph.add("relu3", .activation(.relu), sum)
        let last = graph.add("relu4", .activation(.relu), convolve("last", 12, stride: 2, from: block))
        graph.add("fc", .linear(Linear(outFeatures: 5)), graph.add("pool", .globalAveragePool, last))
        return graph
    }
}
