import CKernels
import TensorCore

/// What one compute thread has to itself: library contexts, scratch memory, its own copy of the norms'
/// coefficients, and its integer sums.
final class Lane {
    let convolutions: [ConvolutionContext]
    let pools: [PoolContext]
    /// One slice's gradient of one weight, in the layout of the pass that makes it.
    let weightGradient: AlignedBuffer<Float>
    /// One gradient or statistic per channel of one layer.
    let channelValues: AlignedBuffer<Float>
    /// Two sums per channel of one norm.
    let channelSums: AlignedBuffer<Double>
    let norms: NormCoefficients
    /// Sums of all gradients and statistics since the step began, each tensor in its own native layout.
    let sums: AlignedBuffer<Int32>
    /// By segment: the largest |value| added since the step began.
    let magnitudes: AlignedBuffer<Float>
    /// Only while the executor measures its passes.
    var timer: PassTimer?

    init(
        _ program: Program, kernels: [ConvolutionKernel], pools poolKernels: [PoolKernel], sumCount: Int,
        segments: Int
    ) throws(EngineError) {
        let scratch = try Scratch()
        var contexts: [ObjectIdentifier: ConvolutionContext] = [:]
        var convolutions: [ConvolutionContext] = []
        for kernel in kernels {
            if contexts[ObjectIdentifier(kernel)] == nil {
                contexts[ObjectIdentifier(kernel)] = try kernel.makeContext(scratch)
            }
            if let context = contexts[ObjectIdentifier(kernel)] { convolutions.append(context) }
        }
        self.convolutions = convolutions
        var pools: [PoolContext] = []
        for kernel in poolKernels { pools.append(try kernel.makeContext(scratch)) }
        self.pools = pools

        let isTraining = sumCount > 0
        let channels = program.norms.map(\.channels).max() ?? 0
        let widest = max(
            channels, program.convolutions.map(\.geometry.outChannels).max() ?? 0,
            program.linears.map(\.outFeatures).max() ?? 0)
        let largestWeight = max(
            kernels.map(\.weightGradientCount).max() ?? 0,
            program.linears.map { $0.outFeatures * $0.inFeatures }.max() ?? 0)
        weightGradient = try AlignedBuffer(attempting: isTraining ? largestWeight : 0)
        channelValues = try AlignedBuffer(attempting: widest)
        channelSums = try AlignedBuffer(attempting: 2 * channels)
        norms = try NormCoefficients(program.normChannels)
        sums = try AlignedBuffer(attempting: sumCount)
        magnitudes = try AlignedBuffer(attempting: segments)
    }

    var byteCount: Int {
        (weightGradient.count + channelValues.count + sums.count) * MemoryLayout<Float>.stride
    }

    func clearSums() {
        sums.pointer.update(repeating: 0, count: sums.count)
        magnitudes.pointer.update(repeating: 0, count: magnitudes.count)
    }

    /// Codes one contribution to a segment and adds it to this thread's sums.
    func add(_ values: UnsafePointer<Float>, count: Int, to segment: Int, of code: borrowing SegmentCodes) {
        let magnitude = espalier_fixed_add(
            values, sums.pointer + code.offsets[segment], count, code.scales.pointer[segment],
            code.limits.pointer[segment])
        magnitudes.pointer[segment] = max(magnitudes.pointer[segment], magnitude)
    }
}

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
}
