import Hypernet
import ModelZoo
import NeuralNet
import Randomness
import TensorCore
import TestSupport
import Testing

/// A pruned network computes what the whole one does whose other channels are silent.
@Suite("Pruned against silenced")
struct SilentChannelsTests {
    private struct Noise: ShardSource {
        let count = 4

        func label(_ index: Int) -> Int { 0 }

        func write(_ index: Int, into pixels: UnsafeMutableBufferPointer<Float>) {
            let random = CounterRandom(seed: 1, stream: UInt64(index))
            for place in pixels.indices { pixels[place] = Float(2 * random.uniform(UInt64(place)) - 1) }
        }
    }

    @Test(
        "concatenations, gates and groups, after steps of the search, in fp64",
        arguments: WiredNetwork.all.map(\.name))
    func wired(name: String) throws {
        let graph = try #require(WiredNetwork.all.first { $0.name == name })
        var search = ReferenceSearch(graph)
        for step in 0..<3 { try search.step(seed: UInt64(step)) }
        let plan = try Plan(
            shrinking: graph, baseline: graph, latents: search.hyper.latents(of: search.state), gradients: [],
            settings: ShrinkSettings(budget: .ratio(0.5), importance: .magnitude, rho: 0.1))
        let surgery = try Surgery(graph: graph, plan: plan)
        var pruned = [Float](repeating: .nan, count: surgery.after.count)
        surgery.prune(weights: search.weights, into: &pruned)
        #expect(plan.isReached)
        for silence in Silence.allCases {
            var whole = search.weights
            silence.apply(to: &whole, graph, plan)
            for training in [true, false] {
                let expected = Self.logits(ReferenceNetwork(graph), whole, training: training)
                let actual = Self.logits(ReferenceNetwork(surgery.pruned), pruned, training: training)
                #expect(Tolerance.error(actual, expected) < 1e-6, "\(silence), training: \(training)")
                #expect(Set(actual).count == actual.count)
            }
        }
    }

    private static func logits(_ network: ReferenceNetwork, _ weights: [Float], training: Bool) -> [Float] {
        network.forward(
            state: weights.map(Double.init), images: ReferenceSearch.noise(network.graph, seed: 9),
            labels: Array(0..<ReferenceSearch.images), training: training
        ).logits.map { Float($0) }
    }

    @Test("the same logits, training and evaluating", arguments: ["mobilenetv2", "resnet20", "resnet18"])
    func sameLogits(name: String) throws {
        let graph = try ModelZoo.network(
            named: name, input: 32, classes: 10, width: 0.25, forHypernetwork: true)
        let plan = try Plan(random: graph, baseline: graph, share: 0.5, seed: 3)
        let surgery = try Surgery(graph: graph, plan: plan)
        var weights = Self.weights(of: graph)
        var pruned = [Float](repeating: 0, count: surgery.after.count)
        surgery.prune(weights: weights, into: &pruned)
        Silence.producers.apply(to: &weights, graph, plan)
        for training in [true, false] {
            let expected = try Self.logits(graph, weights, training: training)
            let actual = try Self.logits(surgery.pruned, pruned, training: training)
            #expect(Tolerance.error(actual, expected) < Tolerance.deepStep, "training: \(training)")
            #expect(Set(actual).count > 20)
        }
    }

    /// As at the start, but norms' shifts and running statistics are not all alike.
    private static func weights(of graph: Graph) -> [Float] {
        let layout = ParameterLayout(graph)
        var weights = [Float](repeating: 0, count: layout.count)
        weights.withUnsafeMutableBufferPointer { InitialWeights.fill($0, graph: graph, seed: 1) }
        for tensor in layout.tensors {
            let random = CounterRandom(seed: 2, stream: CounterRandom.stream(tensor.name))
            for index in 0..<tensor.count {
                let noise = Float(random.uniform(UInt64(index)))
                switch tensor.role {
                case .normScale: weights[tensor.offset + index] = 0.5 + noise
                case .normShift, .runningMean: weights[tensor.offset + index] = noise - 0.5
                case .runningVariance: weights[tensor.offset + index] = 0.05 + 0.1 * noise
                default: break
                }
            }
        }
        return weights
    }

    private static func logits(_ graph: Graph, _ weights: [Float], training: Bool) throws -> [Float] {
        let executor = try Executor(
            graph: graph, shard: 4, slice: 2, pool: ComputePool(threads: 2), training: false)
        executor.setWeights(weights)
        return try executor.logits(Noise(), training: training)
    }
}
