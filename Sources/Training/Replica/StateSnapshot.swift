import NeuralNet
import TensorCore

/// A model's state at one step, apart from any replica: a copy to stream out while the replica goes on, or a
/// checkpoint to hand to workers.
final class StateSnapshot: Sendable {
    let step: Int
    let exponents: String
    let weights: AlignedBuffer<Float>
    let momentum: AlignedBuffer<Float>

    init(
        step: Int, exponents: String, weights: consuming AlignedBuffer<Float>,
        momentum: consuming AlignedBuffer<Float>
    ) {
        self.step = step
        self.exponents = exponents
        self.weights = weights
        self.momentum = momentum
    }

    convenience init(step: Int, model: any Model, codes: FixedPointState) {
        let weights = AlignedBuffer<Float>(count: model.layout.count)
        weights.pointer.update(from: model.state, count: model.layout.count)
        let momentum = AlignedBuffer<Float>(count: model.layout.parameterCount)
        momentum.pointer.update(from: model.momentum, count: model.layout.parameterCount)
        self.init(step: step, exponents: codes.json, weights: weights, momentum: momentum)
    }
}
