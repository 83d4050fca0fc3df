import Hypernet
import ModelZoo
import NeuralNet
import Randomness
import TensorCore
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

    @Test("the same logits, training and evaluating", arguments: ["mobilenetv2", "resnet20", "resnet18"])
    func sameLogits(name: String) throws {
        let graph = try ModelZoo.network(
            named: name, input: 32, classes: 10, width: 0.25, forHypernetwork: true)
        let plan = try Plan(random: graph, baseline: graph, share: 0.5, seed: 3)
        let surgery = try Surgery(graph: graph, plan: plan)
        var weights = Self.weights(of: graph)
        Self.silence(&weights, graph, plan)
        var pruned = [Float](repeating: 0, count: surgery.after.count)
        surgery.prune(weights: weights, into: &pruned)
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

    /// A norm of scale 0 and shift 0 gives zeros, which activations and additions pass on.
    private static func silence(_ weights: inout [Float], _ graph: Graph, _ plan: Plan) {
        let wiring = LatentWiring(graph)
        for tensor in ParameterLayout(graph).tensors
        where tensor.role == .normScale || tensor.role == .normShift {
            guard let side = wiring.channels[tensor.node] else { continue }
            let kept = Set(plan.vectors[side.vector].kept)
            for channel in 0..<tensor.count where !kept.contains(channel) {
                weights[tensor.offset + channel] = 0
            }
        }
    }

    private static func logits(_ graph: Graph, _ weights: [Float], training: Bool) throws -> [Float] {
        let executor = try Executor(
            graph: graph, shard: 4, slice: 2, pool: ComputePool(threads: 2), training: false)
        executor.setWeights(weights)
        return try executor.logits(Noise(), training: training)
    }
}
