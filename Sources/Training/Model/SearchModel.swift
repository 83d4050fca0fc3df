import ClusterCore
import Hypernet
import NeuralNet
import TensorCore

/// The search phase: the state is the hypernetwork's parameters and latent vectors; the network's weights are made
/// from it.
final class SearchModel: Model {
    let phase = Phase.search
    let graph: Graph
    let layout: StateLayout
    /// ∂L/∂z of the last step, in the wiring's order; empty before the first.
    private(set) var latentGradients: [[Float]] = []
    private let network: HyperNetwork
    private let values: AlignedBuffer<Float>
    private let momenta: AlignedBuffer<Float>
    private let generated: AlignedBuffer<Float>
    private let gradient: AlignedBuffer<Float>
    private let pool: ComputePool

    /// A model of zeros, to be filled by the caller.
    init(graph: Graph, embedding: Int, pool: ComputePool) throws(EngineError) {
        network = HyperNetwork(graph: graph, embedding: embedding)
        self.graph = graph
        self.pool = pool
        layout = StateLayout(network.layout)
        values = try AlignedBuffer(attempting: network.layout.count)
        momenta = try AlignedBuffer(attempting: network.layout.parameterCount)
        generated = try AlignedBuffer(attempting: network.parameters.count)
        gradient = try AlignedBuffer(attempting: network.parameters.parameterCount)
    }

    var state: UnsafeMutablePointer<Float> { values.pointer }
    var momentum: UnsafeMutablePointer<Float> { momenta.pointer }
    var latents: [[Float]] { network.latents(of: UnsafePointer(values.pointer)) }

    func initialize(seed: UInt64) {
        network.initialize(values.pointer, seed: seed, pool: pool)
    }

    func weights() -> UnsafePointer<Float> {
        network.generate(state: UnsafePointer(values.pointer), into: generated.pointer, pool: pool)
        return UnsafePointer(generated.pointer)
    }

    func apply(_ reduced: ReducedStep, optimizer: SGD) {
        optimizer.decode(reduced.sums, layout: reduced.layout, codes: reduced.codes, into: gradient.pointer, pool: pool)
        latentGradients = network.step(
            state: values.pointer, momenta: momenta.pointer, gradient: UnsafePointer(gradient.pointer),
            update: HyperNetwork.Update(
                rate: optimizer.rate, momentum: optimizer.momentum, weightDecay: optimizer.weightDecay,
                isNesterov: optimizer.isNesterov),
            pool: pool)
        let running = network.layout.runningStatistics
        RunningStatistics.move(
            values.pointer + running.state, reduced: reduced,
            range: running.weights..<running.weights + running.count, graph: graph)
    }
}
