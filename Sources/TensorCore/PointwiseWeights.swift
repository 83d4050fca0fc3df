internal import CKernels

/// The weight's gradient of a 1×1 convolution in bf16, GᵀX as in ``WeightProduct``, by loops of our own that
/// fill vectors with any number of channels.
struct PointwiseWeights: Sendable {
    /// Whether it is XᵀG instead, the transpose.
    let isTransposed: Bool
    private let shape: espalier_pointwise_weights_shape

    init(_ geometry: ConvolutionGeometry) {
        let (inputs, outputs) = (geometry.inChannels, geometry.outChannels)
        // The gradient as it is, which is coded faster, unless turned it fills vectors much better.
        isTransposed = 8 * Self.lanes(inputs) * outputs > 9 * Self.lanes(outputs) * inputs
        shape = espalier_pointwise_weights_shape(
            pixels: geometry.images * geometry.outHeight * geometry.outWidth,
            rows: isTransposed ? inputs : outputs, columns: isTransposed ? outputs : inputs)
    }

    /// Of vectors that so many channels take.
    private static func lanes(_ channels: Int) -> Int { (channels + 15) / 16 * 16 }

    var scratchByteCount: Int { withUnsafePointer(to: shape) { espalier_pointwise_weights_scratch($0) } }

    /// - Parameter scratch: has `scratchByteCount` bytes.
    func run(
        _ input: UnsafeRawPointer, _ outputGradient: UnsafeRawPointer,
        _ weightGradient: UnsafeMutablePointer<Float>, _ scratch: Scratch, adds: Bool
    ) {
        let (rows, columns) = isTransposed ? (input, outputGradient) : (outputGradient, input)
        withUnsafePointer(to: shape) {
            espalier_pointwise_weights_bf16(
                $0, rows.assumingMemoryBound(to: UInt16.self), columns.assumingMemoryBound(to: UInt16.self),
                scratch.memory.pointer, weightGradient, adds ? 1 : 0)
        }
    }
}
