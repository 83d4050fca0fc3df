internal import CKernels

/// The passes of a convolution in bf16 by the CPU's matrix unit.
struct AmxConvolution: Sendable {
    enum Pass {
        case forward
        case inputGradient

        fileprivate var number: espalier_amx_pass {
            switch self {
            case .forward: ESPALIER_AMX_FORWARD
            case .inputGradient: ESPALIER_AMX_INPUT_GRADIENT
            }
        }
    }

    private let shape: espalier_convolution_shape

    init(_ geometry: ConvolutionGeometry) {
        shape = geometry.shape
    }

    /// Elements of the weight packed for a pass.
    func weightCount(_ pass: Pass) -> Int {
        withUnsafePointer(to: shape) { espalier_amx_weight_count($0, pass.number) }
    }

    /// Channels of what a pass makes, which are packed apart.
    func channels(_ pass: Pass) -> Int {
        pass == .forward ? shape.out_channels : shape.in_channels
    }

    /// The part of the packed weight that is for `channels`, all of them if they are whole blocks of 16.
    func pack(
        _ weight: UnsafePointer<Float>, _ pass: Pass, channels: Range<Int>,
        into packed: UnsafeMutablePointer<UInt16>
    ) {
        withUnsafePointer(to: shape) {
            espalier_amx_pack($0, pass.number, weight, channels.lowerBound, channels.upperBound, packed)
        }
    }

    func scratchByteCount(_ pass: Pass) -> Int {
        withUnsafePointer(to: shape) { espalier_amx_scratch($0, pass.number) }
    }

    /// Of the gradient of the weight.
    var weightsScratchByteCount: Int { withUnsafePointer(to: shape) { espalier_amx_weights_scratch($0) } }

    /// Where the elements of the weight's gradient lie.
    var gradientLayout: WeightLayout {
        let (rows, columns, taps) = (shape.out_channels, shape.in_channels, shape.kernel * shape.kernel)
        let isPlain = withUnsafePointer(to: shape) { espalier_amx_weights_are_plain($0) != 0 }
        guard !isPlain else { return WeightLayout(rows: rows, rowLength: columns) }
        return WeightLayout(
            rowStarts: (0..<rows).map { Int32($0) },
            columns: (0..<columns * taps).map { index in
                Int32((index % taps * columns + index / taps) * rows)
            })
    }

    func forward(
        _ input: UnsafeRawPointer, _ weight: UnsafeRawPointer, _ bias: UnsafePointer<Float>?,
        _ output: UnsafeMutableRawPointer, _ scratch: Scratch
    ) {
        withUnsafePointer(to: shape) {
            espalier_amx_forward(
                $0, input.half, weight.half, bias, output.half, scratch.memory.pointer)
        }
    }

    func inputGradient(
        _ gradient: UnsafeRawPointer, _ weight: UnsafeRawPointer, _ inputGradient: UnsafeMutableRawPointer,
        _ scratch: Scratch
    ) {
        withUnsafePointer(to: shape) {
            espalier_amx_input_gradient(
                $0, gradient.half, weight.half, inputGradient.half, scratch.memory.pointer)
        }
    }

    func weightGradient(
        _ input: UnsafeRawPointer, _ gradient: UnsafeRawPointer,
        _ weightGradient: UnsafeMutablePointer<Float>, _ scratch: Scratch
    ) {
        withUnsafePointer(to: shape) {
            espalier_amx_weight_gradient(
                $0, input.half, gradient.half, weightGradient, scratch.memory.pointer)
        }
    }
}

extension UnsafeRawPointer {
    fileprivate var half: UnsafePointer<UInt16> { assumingMemoryBound(to: UInt16.self) }
}

extension UnsafeMutableRawPointer {
    fileprivate var half: UnsafeMutablePointer<UInt16> { assumingMemoryBound(to: UInt16.self) }
}
