import CKernels
import TensorCore

// The kernels of CKernels by the element type of the activations that they work on; see Norm.h and
// Elementwise.h. Pointers without a type are to activations or their gradients.
extension ElementType {
    func activate(
        _ activation: Activation, _ x: UnsafeRawPointer, into out: UnsafeMutableRawPointer, _ count: Int
    ) {
        switch self {
        case .fp32: espalier_activate(x.fp32, out.fp32, count, activation.code)
        case .bf16: espalier_activate_bf16(x.bf16, out.bf16, count, activation.code)
        }
    }

    func activateBackward(
        _ activation: Activation, _ gradient: UnsafeMutableRawPointer, input: UnsafeRawPointer, _ count: Int
    ) {
        switch self {
        case .fp32: espalier_activate_backward(gradient.fp32, input.fp32, count, activation.code)
        case .bf16: espalier_activate_backward_bf16(gradient.bf16, input.bf16, count, activation.code)
        }
    }

    func add(
        _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, into out: UnsafeMutableRawPointer, _ count: Int
    ) {
        switch self {
        case .fp32: espalier_add(a.fp32, b.fp32, out.fp32, count)
        case .bf16: espalier_add_bf16(a.bf16, b.bf16, out.bf16, count)
        }
    }

    func accumulate(_ x: UnsafeRawPointer, into sums: UnsafeMutableRawPointer, _ count: Int) {
        switch self {
        case .fp32: espalier_accumulate(sums.fp32, x.fp32, count)
        case .bf16: espalier_accumulate_bf16(sums.bf16, x.bf16, count)
        }
    }

    /// A value of the part to its channels of a wider value.
    func widen(
        _ part: ChannelPart, _ x: UnsafeRawPointer, into out: UnsafeMutableRawPointer, tiles: Int
    ) {
        let (size, stride) = (part.channels * byteCount, part.width * byteCount)
        espalier_copy_rows(x, size, out + part.first * byteCount, stride, part.rows / tiles, size)
    }

    /// The part's channels of a wider value, to a value of their own or added to one.
    func narrow(
        _ part: ChannelPart, _ x: UnsafeRawPointer, into out: UnsafeMutableRawPointer, accumulates: Bool,
        tiles: Int
    ) {
        let (rows, channels) = (part.rows / tiles, part.channels)
        let from = x + part.first * byteCount
        guard accumulates else {
            let size = channels * byteCount
            return espalier_copy_rows(from, part.width * byteCount, out, size, rows, size)
        }
        switch self {
        case .fp32: espalier_accumulate_rows(from.fp32, part.width, out.fp32, rows, channels)
        case .bf16: espalier_accumulate_rows_bf16(from.bf16, part.width, out.bf16, rows, channels)
        }
    }

    func scale(
        _ x: UnsafeRawPointer, gate: UnsafeRawPointer, into out: UnsafeMutableRawPointer, _ images: Int,
        _ layer: ScaleLayer
    ) {
        let (pixels, channels) = (layer.pixels, layer.channels)
        switch self {
        case .fp32: espalier_scale(x.fp32, gate.fp32, out.fp32, images, pixels, channels)
        case .bf16: espalier_scale_bf16(x.bf16, gate.bf16, out.bf16, images, pixels, channels)
        }
    }

    func scaleBackwardGate(
        _ gradient: UnsafeRawPointer, input: UnsafeRawPointer, into gate: UnsafeMutableRawPointer,
        _ images: Int, _ layer: ScaleLayer
    ) {
        let (pixels, channels) = (layer.pixels, layer.channels)
        switch self {
        case .fp32:
            espalier_scale_backward_gate(gradient.fp32, input.fp32, gate.fp32, images, pixels, channels)
        case .bf16:
            espalier_scale_backward_gate_bf16(gradient.bf16, input.bf16, gate.bf16, images, pixels, channels)
        }
    }

    /// From this type to the other.
    func convert(
        _ x: UnsafeRawPointer, to type: ElementType, _ out: UnsafeMutableRawPointer, _ count: Int
    ) {
        switch (self, type) {
        case (.fp32, .bf16): espalier_round_bf16(x.fp32, out.bf16, count)
        case (.bf16, .fp32): espalier_widen_bf16(x.bf16, out.fp32, count)
        default: preconditionFailure("a conversion from \(self) to \(type)")
        }
    }

    func globalAverage(
        _ x: UnsafeRawPointer, into out: UnsafeMutablePointer<Float>, _ images: Int, _ pixels: Int,
        _ channels: Int
    ) {
        switch self {
        case .fp32: espalier_global_average(x.fp32, out, images, pixels, channels)
        case .bf16: espalier_global_average_bf16(x.bf16, out, images, pixels, channels)
        }
    }

    func globalAverageBackward(
        _ gradient: UnsafePointer<Float>, into dx: UnsafeMutableRawPointer, _ images: Int, _ pixels: Int,
        _ channels: Int
    ) {
        switch self {
        case .fp32: espalier_global_average_backward(gradient, dx.fp32, images, pixels, channels)
        case .bf16: espalier_global_average_backward_bf16(gradient, dx.bf16, images, pixels, channels)
        }
    }
}
