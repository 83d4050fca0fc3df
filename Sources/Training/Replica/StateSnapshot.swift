package import ClusterCore
import Digest
import NeuralNet
package import TensorCore

/// A model's state at one step, apart from any replica: a copy to stream out while the replica goes on, or a
/// checkpoint to hand to workers.
package final class StateSnapshot: Sendable {
    package let step: Int
    package let phase: Phase
    /// JSON; empty in the search phase and for plain networks.
    package let plan: String
    /// JSON.
    package let exponents: String
    package let weights: AlignedBuffer<Float>
    package let moments: AlignedBuffer<Float>

    package init(
        step: Int, phase: Phase, plan: String, exponents: String, weights: consuming AlignedBuffer<Float>,
        moments: consuming AlignedBuffer<Float>
    ) {
        self.step = step
        self.phase = phase
        self.plan = plan
        self.exponents = exponents
        self.weights = weights
        self.moments = moments
    }

    package convenience init(
        step: Int, phase: Phase, plan: String, exponents: String, weights: [Float], moments: [Float]
    ) {
        self.init(
            step: step, phase: phase, plan: plan, exponents: exponents, weights: Self.copy(weights),
            moments: Self.copy(moments))
    }

    convenience init(step: Int, model: any Model, plan: String, codes: FixedPointState) {
        let weights = AlignedBuffer<Float>(count: model.layout.count)
        weights.pointer.update(from: model.state, count: model.layout.count)
        let moments = AlignedBuffer<Float>(count: model.layout.momentCount)
        moments.pointer.update(from: model.moments, count: model.layout.momentCount)
        self.init(
            step: step, phase: model.phase, plan: plan, exponents: codes.json, weights: weights,
            moments: moments)
    }

    private static func copy(_ values: [Float]) -> AlignedBuffer<Float> {
        let buffer = AlignedBuffer<Float>(count: values.count)
        buffer.pointer.update(from: values, count: values.count)
        return buffer
    }

    /// What goes before its chunks.
    /// - Parameter feed: the feed's number, 0 for none.
    package func head(feed: UInt64 = 0) -> WireLoadState {
        var head = WireLoadState()
        head.phase = phase.rawValue
        head.step = UInt64(step)
        head.plan = plan
        head.exponents = exponents
        head.feed = feed
        return head
    }

    /// That of a replica in this state.
    package var digest: String {
        StateDigest.text(
            state: UnsafeBufferPointer(weights.elements), moments: UnsafeBufferPointer(moments.elements),
            exponents: exponents)
    }
}
