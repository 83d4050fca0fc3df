import CKernels
import TensorCore

/// Coefficients of all norms' passes, by channel; each thread computes its own.
final class NormCoefficients {
    /// Mean and 1/√(variance + ε) of the shard.
    let mean: AlignedBuffer<Double>
    let inverse: AlignedBuffer<Double>
    /// Forward: x·scale + shift.
    let scale: AlignedBuffer<Float>
    let shift: AlignedBuffer<Float>
    /// Backward: gradient·gradientFactor + x·valueFactor + constant.
    let gradientFactor: AlignedBuffer<Float>
    let valueFactor: AlignedBuffer<Float>
    let constant: AlignedBuffer<Float>

    init(_ channels: Int) throws(EngineError) {
        mean = try AlignedBuffer(attempting: channels)
        inverse = try AlignedBuffer(attempting: channels)
        scale = try AlignedBuffer(attempting: channels)
        shift = try AlignedBuffer(attempting: channels)
        gradientFactor = try AlignedBuffer(attempting: channels)
        valueFactor = try AlignedBuffer(attempting: channels)
        constant = try AlignedBuffer(attempting: channels)
    }

    func forward(_ norm: NormLayer) -> (scale: UnsafePointer<Float>, shift: UnsafePointer<Float>) {
        (UnsafePointer(scale.pointer + norm.channelOffset), UnsafePointer(shift.pointer + norm.channelOffset))
    }

    func backward(_ norm: NormLayer) -> espalier_norm_factors {
        espalier_norm_factors(
            gradient: gradientFactor.pointer + norm.channelOffset,
            value: valueFactor.pointer + norm.channelOffset, constant: constant.pointer + norm.channelOffset)
    }
}
