package import ClusterCore
package import NeuralNet
package import TensorCore

/// The converge phase: the state is the network's weights themselves.
package final class PlainModel: Model {
    package let phase = Phase.converge
    package let graph: Graph
    package let layout: StateLayout
    private let parameters: ParameterLayout
    private let values: AlignedBuffer<Float>
    private let momenta: AlignedBuffer<Float>
    private let pool: ComputePool

    /// A model of zeros, to be filled by the caller.
    package init(graph: Graph, pool: ComputePool) throws(EngineError) {
        parameters = ParameterLayout(graph)
        self.graph = graph
        self.pool = pool
        layout = StateLayout(parameters)
        values = try AlignedBuffer(attempting: parameters.count)
        momenta = try AlignedBuffer(attempting: parameters.parameterCount)
    }

    package var state: UnsafeMutablePointer<Float> { values.pointer }
    package var momentum: UnsafeMutablePointer<Float> { momenta.pointer }

    package func initialize(seed: UInt64) {
        InitialWeights.fill(values.elements, graph: graph, seed: seed)
    }

    package func weights() -> UnsafePointer<Float> {
        UnsafePointer(values.pointer)
    }

    package func apply(
        _ reduced: UnsafePointer<Int32>, exponents: FixedPointState, optimizer: SGD, rate: Float
    ) {
        optimizer.update(
            state, momenta: momentum, reduced: reduced, exponents: exponents, layout: parameters, rate: rate,
            pool: pool)
        RunningStatistics.update(
            state + parameters.parameterCount, reduced: reduced, exponents: exponents, layout: parameters,
            graph: graph)
    }
}
