package import ClusterCore
package import NeuralNet
import TensorCore

/// The weights of one phase and how a reduced step changes them. Owned by one thread.
package protocol Model: AnyObject {
    var phase: Phase { get }
    /// The network as the executor sees it.
    var graph: Graph { get }
    var layout: StateLayout { get }
    var optimizer: Optimizer { get }
    /// `layout.count` elements: parameters, then running statistics.
    var state: UnsafeMutablePointer<Float> { get }
    /// What the optimizer remembers: `layout.momentCount` elements, one slot after the other.
    var moments: UnsafeMutablePointer<Float> { get }

    /// Fills the state as a function of the seed; the moments stay as they are.
    func initialize(seed: UInt64)
    /// The network's weights in the order of `ParameterLayout(graph)`, made anew from the state where that is
    /// needed. They stay until they are asked for again or the state changes.
    func weights() -> UnsafePointer<Float>
    /// Takes the optimizer's step with the sums of one global batch, and moves the running statistics.
    /// - Parameters:
    ///   - reduced: the whole reduced vector, in the order of `ReductionLayout`.
    ///   - exponents: those that it was coded with.
    ///   - step: the rate, and the step's number in this phase.
    func apply(_ reduced: UnsafePointer<Int32>, exponents: FixedPointState, step: OptimizerStep)
}
