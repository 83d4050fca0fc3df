import CKernels
import TensorCore

// The kernels of CKernels by the element type of the activations that they work on; see Norm.h and
// Elementwise.h. Pointers without a type are to activations or their gradients.
extension ElementType {
    func rectify(_ x: UnsafeRawPointer, into out: UnsafeMutableRawPointer, _ count: Int) {
        switch self {
        case .fp32: espalier_relu(x.fp32, out.fp32, count)
        case .bf16: espalier_relu_bf16(x.bf16, out.bf16, count)
        }
    }

    func rectifyBackward(_ gradient: UnsafeMutableRawPointer, output: UnsafeRawPointer, _ count: Int) {
        switch self {
        case .fp32: espalier_relu_backward(gradient.fp32, output.fp32, count)
        case .bf16: espalier_relu_backward_bf16(gradient.bf16, output.bf16, count)
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

    func normSums(
        _ x: UnsafeRawPointer, _ rows: Int, _ channels: Int, _ sums: UnsafeMutablePointer<Double>,
        _ squares: UnsafeMutablePointer<Double>
    ) {
        switch self {
        case .fp32: espalier_norm_sums(x.fp32, rows, channels, sums, squares)
        case .bf16: espalier_norm_sums_bf16(x.bf16, rows, channels, sums, squares)
        }
    }

    func normApply(
        _ x: UnsafeRawPointer, _ scale: UnsafePointer<Float>, _ shift: UnsafePointer<Float>,
        residual: UnsafeRawPointer?, into out: UnsafeMutableRawPointer, _ rows: Int, _ channels: Int,
        rectifies: Bool
    ) {
        let relu: Int32 = rectifies ? 1 : 0
        switch self {
        case .fp32: espalier_norm_apply(x.fp32, scale, shift, residual?.fp32, out.fp32, rows, channels, relu)
        case .bf16:
            espalier_norm_apply_bf16(x.bf16, scale, shift, residual?.bf16, out.bf16, rows, channels, relu)
        }
    }

    func normBackwardSums(
        _ gradient: UnsafeMutableRawPointer, output: UnsafeRawPointer?, _ x: UnsafeRawPointer, _ rows: Int,
        _ channels: Int, _ sums: UnsafeMutablePointer<Double>, _ products: UnsafeMutablePointer<Double>
    ) {
        switch self {
        case .fp32:
            espalier_norm_backward_sums(
                gradient.fp32, output?.fp32, x.fp32, rows, channels, sums, products)
        case .bf16:
            espalier_norm_backward_sums_bf16(
                gradient.bf16, output?.bf16, x.bf16, rows, channels, sums, products)
        }
    }

    func normBackwardApply(
        _ dz: UnsafeRawPointer, _ x: UnsafeRawPointer, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
        _ d: UnsafePointer<Float>, into dx: UnsafeMutableRawPointer, _ rows: Int, _ channels: Int
    ) {
        switch self {
        case .fp32: espalier_norm_backward_apply(dz.fp32, x.fp32, a, b, d, dx.fp32, rows, channels)
        case .bf16: espalier_norm_backward_apply_bf16(dz.bf16, x.bf16, a, b, d, dx.bf16, rows, channels)
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
