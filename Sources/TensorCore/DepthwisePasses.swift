internal import CKernels

/// The passes of a depthwise convolution as loops of our own: weights (tap, channel), see ``WeightPacking``.
struct DepthwisePasses: Sendable {
    private let shape: espalier_depthwise_shape
    private let elements: ElementType

    init(_ geometry: ConvolutionGeometry, _ elements: ElementType) {
        let g = geometry
        shape = espalier_depthwise_shape(
            images: g.images, channels: g.outChannels, in_height: g.inHeight, in_width: g.inWidth,
            out_height: g.outHeight, out_width: g.outWidth, kernel: g.kernel, stride: g.stride,
            padding: g.padding)
        self.elements = elements
    }

    func forward(
        _ input: UnsafeRawPointer, _ weight: UnsafeRawPointer, _ bias: UnsafePointer<Float>?,
        _ output: UnsafeMutableRawPointer
    ) {
        withUnsafePointer(to: shape) { shape in
            switch elements {
            case .fp32: espalier_depthwise_forward(shape, input.fp32, weight.fp32, bias, output.fp32)
            case .bf16: espalier_depthwise_forward_bf16(shape, input.bf16, weight.bf16, bias, output.bf16)
            }
        }
    }

    func backwardData(
        _ outputGradient: UnsafeRawPointer, _ weight: UnsafeRawPointer,
        _ inputGradient: UnsafeMutableRawPointer
    ) {
        withUnsafePointer(to: shape) { shape in
            switch elements {
            case .fp32:
                espalier_depthwise_backward_data(
                    shape, outputGradient.fp32, weight.fp32, inputGradient.fp32)
            case .bf16:
                espalier_depthwise_backward_data_bf16(
                    shape, outputGradient.bf16, weight.bf16, inputGradient.bf16)
            }
        }
    }

    func backwardWeights(
        _ input: UnsafeRawPointer, _ outputGradient: UnsafeRawPointer,
        _ weightGradient: UnsafeMutablePointer<Float>, adds: Bool
    ) {
        let adds: Int32 = adds ? 1 : 0
        withUnsafePointer(to: shape) { shape in
            switch elements {
            case .fp32:
                espalier_depthwise_backward_weights(
                    shape, input.fp32, outputGradient.fp32, weightGradient, adds)
            case .bf16:
                espalier_depthwise_backward_weights_bf16(
                    shape, input.bf16, outputGradient.bf16, weightGradient, adds)
            }
        }
    }
}

extension ElementType {
    /// sums[c] = Σ x[r][c] over `rows`: the gradient of a bias.
    func addRows(_ x: UnsafeRawPointer, rows: Int, channels: Int, into sums: UnsafeMutablePointer<Float>) {
        switch self {
        case .fp32: espalier_channel_sums(x.fp32, rows, channels, sums)
        case .bf16: espalier_channel_sums_bf16(x.bf16, rows, channels, sums)
        }
    }
}

extension UnsafeRawPointer {
    fileprivate var fp32: UnsafePointer<Float> { assumingMemoryBound(to: Float.self) }
    fileprivate var bf16: UnsafePointer<UInt16> { assumingMemoryBound(to: UInt16.self) }
}

extension UnsafeMutableRawPointer {
    fileprivate var fp32: UnsafeMutablePointer<Float> { assumingMemoryBound(to: Float.self) }
    fileprivate var bf16: UnsafeMutablePointer<UInt16> { assumingMemoryBound(to: UInt16.self) }
}
