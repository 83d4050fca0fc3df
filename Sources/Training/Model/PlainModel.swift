import ClusterCore
import NeuralNet
import TensorCore

/// The converge phase: the state is the network's weights themselves.
final class PlainModel: Model {
    let phase = Phase.converge
    let graph: Graph
    let layout: StateLayout
    private let parameters: ParameterLayout
    private let values: AlignedBuffer<Float>
    private let momenta: AlignedBuffer<Float>
    private let pool: ComputePool

    /// A model of zeros, to be filled by the caller.
    init(graph: Graph, pool: ComputePool) throws(EngineError) {
        parameters = ParameterLayout(graph)
        self.graph = graph
        self.pool = pool
        layout = StateLayout(parameters)
        values = try AlignedBuffer(attempting: parameters.count)
        momenta = try AlignedBuffer(attempting: parameters.parameterCount)
    }

    var state: UnsafeMutablePointer<Float> { values.pointer }
    var momentum: UnsafeMutablePointer<Float> { momenta.pointer }

    func initialize(seed: UInt64) {
        InitialWeights.fill(values.elements, graph: graph, seed: seed)
    }

    func weights() -> UnsafePointer<Float> {
        UnsafePointer(values.pointer)
    }

    func apply(_ reduced: UnsafePointer<Int32>, exponents: FixedPointState, optimizer: SGD, rate: Float) {
        optimizer.update(
            state, momenta: momentum, reduced: reduced, exponents: exponents, layout: parameters, rate: rate,
            pool: pool)
        RunningStatistics.update(
            state + parameters.parameterCount, reduced: reduced, exponents: exponents, layout: parameters,
            graph: graph)
    }
}
