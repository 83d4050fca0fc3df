import CKernels
import TensorCore

/// What one compute thread has to itself: library contexts, scratch memory, its own copy of the norms'
/// coefficients.
final class Lane {
    let convolutions: [ConvolutionContext]
    let pools: [PoolContext]
    /// One gradient or statistic per channel of one layer.
    let channelValues: AlignedBuffer<Float>
    /// Two sums per channel of one norm.
    let channelSums: AlignedBuffer<Double>
    let norms: NormCoefficients
    /// The buffers that only one run needs, of one tile.
    let memory: AlignedBuffer<UInt8>
    /// One slice's gradient of one weight, in the layout of the pass that makes it.
    let weightGradient: AlignedBuffer<Float>
    /// By segment: the largest |value| added since the step began.
    let magnitudes: AlignedBuffer<Float>
    /// Where it begins to add to a segment, in 0..<1.
    let place: Double
    /// Only while the executor measures its passes.
    var timer: PassTimer?

    init(
        _ program: Program, kernels: [ConvolutionKernel], pools poolKernels: [PoolKernel], isTraining: Bool,
        hasSlices: Bool, segments: Int, place: Double
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

        let channels = program.norms.map(\.channels).max() ?? 0
        let widest = max(
            channels, program.convolutions.map(\.geometry.outChannels).max() ?? 0,
            program.linears.map(\.outFeatures).max() ?? 0)
        let largestWeight = max(
            kernels.map(\.weightGradientCount).max() ?? 0,
            program.linears.map { $0.outFeatures * $0.inFeatures }.max() ?? 0)
        channelValues = try AlignedBuffer(attempting: widest)
        channelSums = try AlignedBuffer(attempting: 2 * channels)
        norms = try NormCoefficients(program.normChannels)
        memory = try AlignedBuffer(attempting: hasSlices ? program.threadByteCount : 0)
        weightGradient = try AlignedBuffer(attempting: hasSlices && isTraining ? largestWeight : 0)
        magnitudes = try AlignedBuffer(attempting: segments)
        self.place = place
    }

    var byteCount: Int {
        (channelValues.count + weightGradient.count) * MemoryLayout<Float>.stride + memory.count
    }

    func clearMagnitudes() {
        magnitudes.pointer.update(repeating: 0, count: magnitudes.count)
    }

    /// Codes one contribution to a segment and adds it to the step's sums.
    func add(_ values: UnsafePointer<Float>, to segment: Int, of sums: StepSums) {
        let magnitude = sums.add(values, to: segment, from: place)
        magnitudes.pointer[segment] = max(magnitudes.pointer[segment], magnitude)
    }
}
