package import ClusterCore
package import Hypernet
package import NeuralNet
package import TensorCore

/// The search phase: the state is the hypernetwork's parameters and latent vectors; the network's weights are
/// made from it.
package final class SearchModel: Model {
    package let phase = Phase.search
    package let graph: Graph
    package let layout: StateLayout
    private let network: HyperNetwork
    private let values: AlignedBuffer<Float>
    package let optimizer: Optimizer
    private let momentValues: AlignedBuffer<Float>
    private let generated: AlignedBuffer<Float>
    /// What follows on the optimizer's step in DHP.
    private let proximal: ProximalStep?
    private let pool: ComputePool

    /// A model of zeros, to be filled by the caller.
    package init(
        graph: Graph, embedding: Int, optimizer: Optimizer, proximal: ProximalStep? = nil, pool: ComputePool
    ) throws(EngineError) {
        self.proximal = proximal
        network = HyperNetwork(graph: graph, embedding: embedding)
        self.graph = graph
        self.optimizer = optimizer
        self.pool = pool
        layout = StateLayout(network.layout, slots: optimizer.slots)
        values = try AlignedBuffer(attempting: network.layout.count)
        momentValues = try AlignedBuffer(attempting: layout.momentCount)
        generated = try AlignedBuffer(attempting: network.parameters.count)
    }

    package var state: UnsafeMutablePointer<Float> { values.pointer }
    package var moments: UnsafeMutablePointer<Float> { momentValues.pointer }
    /// In the wiring's order.
    var latents: [[Float]] { network.latents(of: UnsafePointer(values.pointer)) }
    /// ∂L/∂z of the last step, in the wiring's order; empty before the first.
    var latentGradients: [[Float]] { network.latentGradients }

    package func initialize(seed: UInt64) {
        network.initialize(values.pointer, seed: seed, pool: pool)
    }

    package func weights() -> UnsafePointer<Float> {
        network.generate(from: UnsafePointer(values.pointer), into: generated.pointer, pool: pool)
        return UnsafePointer(generated.pointer)
    }

    package func apply(
        _ reduced: UnsafePointer<Int32>, exponents: FixedPointState, step: OptimizerStep
    ) {
        network.step(
            state: state, moments: moments, reduced: reduced, exponents: exponents, optimizer: optimizer,
            step: step, pool: pool)
        proximal?.apply(to: state + network.layout.latents.lowerBound, rate: step.rate)
        RunningStatistics.update(
            state + network.layout.runningStatistics.state, reduced: reduced, exponents: exponents,
            layout: network.parameters, graph: graph)
    }
}
