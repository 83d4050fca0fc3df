import NeuralNet
import TensorCore

/// A copy of a replica's state at one step, to be streamed out while the replica goes on.
final class StateSnapshot: Sendable {
    let step: Int
    let exponents: String
    let weights: AlignedBuffer<Float>
    let momentum: AlignedBuffer<Float>

    init(step: Int, model: any Model, codes: FixedPointState) {
        self.step = step
        exponents = codes.json
        weights = AlignedBuffer(count: model.layout.count)
        weights.pointer.update(from: model.state, count: model.layout.count)
        momentum = AlignedBuffer(count: model.layout.parameterCount)
        momentum.pointer.update(from: model.momentum, count: model.layout.parameterCount)
    }
}
