package import ClusterCore
import Hypernet
package import NeuralNet
package import TensorCore

/// The converge phase: the state is the network's weights themselves.
package final class PlainModel: Model {
    package let phase = Phase.converge
    package let graph: Graph
    package let layout: StateLayout
    private let parameters: ParameterLayout
    private let values: AlignedBuffer<Float>
    package let optimizer: Optimizer
    private let momentValues: AlignedBuffer<Float>
    private let pool: ComputePool

    /// A model of zeros, to be filled by the caller.
    package init(graph: Graph, optimizer: Optimizer, pool: ComputePool) throws(EngineError) {
        parameters = ParameterLayout(graph)
        self.graph = graph
        self.optimizer = optimizer
        self.pool = pool
        layout = StateLayout(parameters, slots: optimizer.slots)
        values = try AlignedBuffer(attempting: parameters.count)
        momentValues = try AlignedBuffer(attempting: layout.momentCount)
    }

    package var state: UnsafeMutablePointer<Float> { values.pointer }
    package var moments: UnsafeMutablePointer<Float> { momentValues.pointer }

    package func initialize(seed: UInt64) {
        InitialWeights.fill(values.elements, graph: graph, seed: seed)
    }

    /// Takes what stays of a widened network's weights; what the pruned network lacks starts from the seed.
    func take(_ widened: UnsafePointer<Float>, of surgery: Surgery, seed: UInt64) throws(EngineError) {
        guard surgery.pruned != graph else { return surgery.prune(weights: widened, into: state) }
        initialize(seed: seed)
        let layout = ParameterLayout(surgery.pruned)
        let pruned = try AlignedBuffer<Float>(attempting: layout.count)
        surgery.prune(weights: widened, into: pruned.pointer)
        for tensor in layout.tensors {
            guard let target = parameters[tensor.name] else { continue }
            (state + target.offset).update(from: pruned.pointer + tensor.offset, count: tensor.count)
        }
    }

    package func weights() -> UnsafePointer<Float> {
        UnsafePointer(values.pointer)
    }

    package func apply(
        _ reduced: UnsafePointer<Int32>, exponents: FixedPointState, step: OptimizerStep
    ) {
        optimizer.update(
            state, moments: moments, reduced: reduced, exponents: exponents, layout: parameters, step: step,
            pool: pool)
        RunningStatistics.update(
            state + parameters.parameterCount, reduced: reduced, exponents: exponents, layout: parameters,
            graph: graph)
    }
}
