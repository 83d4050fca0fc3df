internal import CKernels

/// A pass of a 1×1 convolution as a product of our own: every pixel's channels times the weight, packed one
/// way for the forward pass and turned for the gradient of the input, see ``WeightPacking``.
struct PointwiseProduct: Sendable {
    private let shape: espalier_pointwise_shape
    private let elements: ElementType

    init(forward geometry: ConvolutionGeometry, _ elements: ElementType) {
        self.init(geometry, elements, inputs: geometry.inChannels, outputs: geometry.outChannels)
    }

    init(inputGradient geometry: ConvolutionGeometry, _ elements: ElementType) {
        self.init(geometry, elements, inputs: geometry.outChannels, outputs: geometry.inChannels)
    }

    private init(_ geometry: ConvolutionGeometry, _ elements: ElementType, inputs: Int, outputs: Int) {
        let pixels = geometry.images * geometry.outHeight * geometry.outWidth
        shape = espalier_pointwise_shape(pixels: pixels, inputs: inputs, outputs: outputs)
        self.elements = elements
    }

    func run(
        _ input: UnsafeRawPointer, _ weight: UnsafeRawPointer, _ bias: UnsafePointer<Float>?,
        _ output: UnsafeMutableRawPointer
    ) {
        withUnsafePointer(to: shape) { shape in
            switch elements {
            case .fp32:
                espalier_pointwise(
                    shape, input.assumingMemoryBound(to: Float.self),
                    weight.assumingMemoryBound(to: Float.self), bias,
                    output.assumingMemoryBound(to: Float.self))
            case .bf16:
                espalier_pointwise_bf16(
                    shape, input.assumingMemoryBound(to: UInt16.self),
                    weight.assumingMemoryBound(to: UInt16.self), bias,
                    output.assumingMemoryBound(to: UInt16.self))
            }
        }
    }
}
