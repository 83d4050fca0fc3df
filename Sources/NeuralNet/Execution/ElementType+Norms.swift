import CKernels
import TensorCore

// The passes of batch norms on activations of either type; see Norm.h.
extension ElementType {
    func normSums(
        _ x: UnsafeRawPointer, _ rows: Int, _ channels: Int, _ sums: UnsafeMutablePointer<Double>,
        _ squares: UnsafeMutablePointer<Double>
    ) {
        switch self {
        case .fp32: espalier_norm_sums(x.fp32, rows, channels, sums, squares)
        case .bf16: espalier_norm_sums_bf16(x.bf16, rows, channels, sums, squares)
        }
    }

    /// - Parameter coefficients: of the thread; see ``NormCoefficients``.
    func normApply(
        _ norm: NormLayer, _ coefficients: NormCoefficients, _ x: UnsafeRawPointer,
        residual: UnsafeRawPointer?, into out: UnsafeMutableRawPointer, tiles: Int
    ) {
        let (scale, shift) = coefficients.forward(norm)
        let (rows, channels, code) = (norm.rows / tiles, norm.channels, norm.activation.code)
        switch self {
        case .fp32: espalier_norm_apply(x.fp32, scale, shift, residual?.fp32, out.fp32, rows, channels, code)
        case .bf16:
            espalier_norm_apply_bf16(x.bf16, scale, shift, residual?.bf16, out.bf16, rows, channels, code)
        }
    }

    /// - Parameter sums: two a channel.
    func normBackwardSums(
        _ norm: NormLayer, _ coefficients: NormCoefficients, _ gradient: UnsafeMutableRawPointer,
        output: UnsafeRawPointer?, _ x: UnsafeRawPointer, _ sums: UnsafeMutablePointer<Double>, tiles: Int
    ) {
        let (scale, shift) = coefficients.forward(norm)
        let products = sums + norm.channels
        let (rows, channels, code) = (norm.rows / tiles, norm.channels, norm.activation.code)
        switch (self, output) {
        case (.fp32, nil):
            espalier_norm_backward_sums(
                gradient.fp32, x.fp32, scale, shift, rows, channels, code, sums, products)
        case (.bf16, nil):
            espalier_norm_backward_sums_bf16(
                gradient.bf16, x.bf16, scale, shift, rows, channels, code, sums, products)
        case (.fp32, let output?):
            espalier_norm_backward_sums_in_place(
                gradient.fp32, x.fp32, output.fp32, rows, channels, code, sums, products)
        case (.bf16, let output?):
            espalier_norm_backward_sums_in_place_bf16(
                gradient.bf16, x.bf16, output.bf16, rows, channels, code, sums, products)
        }
    }

    func normBackwardApply(
        _ norm: NormLayer, _ coefficients: NormCoefficients, _ gradient: UnsafeRawPointer,
        _ x: UnsafeRawPointer, into dx: UnsafeMutableRawPointer, tiles: Int
    ) {
        let (scale, shift) = coefficients.forward(norm)
        let factors = coefficients.backward(norm)
        let (rows, channels) = (norm.rows / tiles, norm.channels)
        // After an add the sums left the gradient of the normalised value.
        let code = norm.hasResidual ? 0 : norm.activation.code
        switch self {
        case .fp32:
            espalier_norm_backward_apply(
                gradient.fp32, x.fp32, scale, shift, factors, dx.fp32, rows, channels, code)
        case .bf16:
            espalier_norm_backward_apply_bf16(
                gradient.bf16, x.bf16, scale, shift, factors, dx.bf16, rows, channels, code)
        }
    }
}
