package import ClusterCore
import Hypernet
package import NeuralNet
package import TensorCore

/// The search phase: the state is the hypernetwork's parameters and latent vectors; the network's weights are
/// made from it.
package final class SearchModel: Model {
    package let phase = Phase.search
    package let graph: Graph
    package let layout: StateLayout
    /// ∂L/∂z of the last step, in the wiring's order; empty before the first.
    private(set) var latentGradients: [[Float]] = []
    private let network: HyperNetwork
    private let values: AlignedBuffer<Float>
    private let momenta: AlignedBuffer<Float>
    private let generated: AlignedBuffer<Float>
    /// Decoded sums: ∂L/∂W, the other parameters' gradients, and after them the statistics.
    private let gradient: AlignedBuffer<Float>
    private let reduction: ReductionLayout
    private let pool: ComputePool

    /// A model of zeros, to be filled by the caller.
    package init(graph: Graph, embedding: Int, pool: ComputePool) throws(EngineError) {
        network = HyperNetwork(graph: graph, embedding: embedding)
        self.graph = graph
        self.pool = pool
        layout = StateLayout(network.layout)
        values = try AlignedBuffer(attempting: network.layout.count)
        momenta = try AlignedBuffer(attempting: network.layout.parameterCount)
        generated = try AlignedBuffer(attempting: network.parameters.count)
        gradient = try AlignedBuffer(attempting: network.parameters.count)
        reduction = ReductionLayout(network.parameters)
    }

    package var state: UnsafeMutablePointer<Float> { values.pointer }
    package var momentum: UnsafeMutablePointer<Float> { momenta.pointer }
    var latents: [[Float]] { network.latents(of: UnsafePointer(values.pointer)) }

    package func initialize(seed: UInt64) {
        network.initialize(values.pointer, seed: seed, pool: pool)
    }

    package func weights() -> UnsafePointer<Float> {
        network.generate(from: UnsafePointer(values.pointer), into: generated.pointer, pool: pool)
        return UnsafePointer(generated.pointer)
    }

    package func apply(
        _ reduced: UnsafePointer<Int32>, exponents: FixedPointState, optimizer: SGD, rate: Float
    ) {
        exponents.decode(reduced, into: gradient.pointer, layout: reduction, pool: pool)
        latentGradients = network.step(
            state: state, momenta: momentum, gradient: UnsafePointer(gradient.pointer),
            update: HyperNetwork.Update(
                rate: rate, momentum: optimizer.momentum, weightDecay: optimizer.weightDecay,
                isNesterov: optimizer.isNesterov),
            pool: pool)
        RunningStatistics.update(
            state + network.layout.runningStatistics.state, reduced: reduced, exponents: exponents,
            layout: network.parameters, graph: graph)
    }
}
