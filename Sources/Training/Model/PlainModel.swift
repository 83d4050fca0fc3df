import ClusterCore
import NeuralNet
import TensorCore

/// The converge phase: the state is the network's weights themselves.
final class PlainModel: Model {
    let phase = Phase.converge
    let graph: Graph
    let layout: StateLayout
    private let values: AlignedBuffer<Float>
    private let momenta: AlignedBuffer<Float>
    private let pool: ComputePool

    /// A model of zeros, to be filled by the caller.
    init(graph: Graph, pool: ComputePool) throws(EngineError) {
        let parameters = ParameterLayout(graph)
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

    func apply(_ reduced: ReducedStep, optimizer: SGD) {
        optimizer.step(
            parameters: values.pointer, momenta: momenta.pointer, reduced: reduced.sums, layout: reduced.layout,
            codes: reduced.codes, pool: pool)
        RunningStatistics.move(
            values.pointer + layout.parameterCount, reduced: reduced,
            range: layout.parameterCount..<layout.count, graph: graph)
    }
}
