internal import CKernels

/// The weight's gradient of a 1×1 convolution, GᵀX as in ``WeightProduct``, by loops of our own that fill
/// vectors with any number of channels.
struct PointwiseWeights: Sendable {
    /// Whether it is XᵀG instead, the transpose.
    let isTransposed: Bool
    private let shape: espalier_pointwise_weights_shape
    private let elements: ElementType

    init(_ geometry: ConvolutionGeometry, _ elements: ElementType) {
        let (inputs, outputs) = (geometry.inChannels, geometry.outChannels)
        // The gradient as it is, which is coded faster, unless turned it fills vectors much better.
        isTransposed = 8 * Self.lanes(inputs) * outputs > 9 * Self.lanes(outputs) * inputs
        shape = espalier_pointwise_weights_shape(
            pixels: geometry.images * geometry.outHeight * geometry.outWidth,
            rows: isTransposed ? inputs : outputs, columns: isTransposed ? outputs : inputs)
        self.elements = elements
    }

    /// Of vectors that so many channels take.
    private static func lanes(_ channels: Int) -> Int { (channels + 15) / 16 * 16 }

    var scratchByteCount: Int { withUnsafePointer(to: shape) { espalier_pointwise_weights_scratch($0) } }

    /// - Parameter scratch: has `scratchByteCount` bytes.
    func run(
        _ input: UnsafeRawPointer, _ outputGradient: UnsafeRawPointer,
        _ weightGradient: UnsafeMutablePointer<Float>, _ scratch: Scratch
    ) {
        let (rows, columns) = isTransposed ? (input, outputGradient) : (outputGradient, input)
        let memory = scratch.memory.pointer
        withUnsafePointer(to: shape) { shape in
            switch elements {
            case .fp32:
                espalier_pointwise_weights(
                    shape, rows.assumingMemoryBound(to: Float.self),
                    columns.assumingMemoryBound(to: Float.self), memory, weightGradient)
            case .bf16:
                espalier_pointwise_weights_bf16(
                    shape, rows.assumingMemoryBound(to: UInt16.self),
                    columns.assumingMemoryBound(to: UInt16.self), memory, weightGradient)
            }
        }
    }
}
