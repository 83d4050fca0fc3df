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
