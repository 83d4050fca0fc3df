import CKernels
import NeuralNet
import Testing

/// The kernels of bf16 norms give the same bits by the CPU's own instructions and without, whatever the
/// numbers.
@Suite struct HalfNormCopiesTests {
    private static let channelCounts = awkwardChannels + [31, 32, 33, 1030]
    private static let rowCounts = [0, 1, 3, 33, 70]

    @Test(arguments: channelCounts, rowCounts)
    func sums(channels: Int, rows: Int) {
        let x = wildHalves(rows * channels, seed: 1)
        let (native, portable) = inBothCopies {
            var sums = [Double](repeating: sumBefore, count: channels)
            var squares = sums
            espalier_norm_sums_bf16(x, rows, channels, &sums, &squares)
            return sums + squares
        }
        #expect(areSame(native, portable))
    }

    @Test(arguments: channelCounts, rowCounts)
    func apply(channels: Int, rows: Int) {
        let (x, residual) = (wildHalves(rows * channels, seed: 1), wildHalves(rows * channels, seed: 2))
        let (scale, shift) = (values(channels, seed: 3), values(channels, seed: 4))
        for code in activations.map({ $0?.kernel ?? 0 }) {
            for hasResidual in [false, true] {
                let (native, portable) = inBothCopies {
                    var out = [UInt16](repeating: 0x7fc0, count: x.count)
                    residual.withUnsafeBufferPointer {
                        let other = hasResidual ? $0.baseAddress : nil
                        espalier_norm_apply_bf16(x, scale, shift, other, &out, rows, channels, code)
                    }
                    return out
                }
                #expect(areSame(native, portable), "activation \(code)")
            }
        }
    }

    @Test(arguments: channelCounts, rowCounts)
    func backward(channels: Int, rows: Int) {
        let (x, gradient) = (wildHalves(rows * channels, seed: 1), wildHalves(rows * channels, seed: 2))
        let (scale, shift) = (values(channels, seed: 3), values(channels, seed: 4))
        let coefficients = values(3 * channels, seed: 5)
        for code in activations.map({ $0?.kernel ?? 0 }) {
            let (native, portable) = inBothCopies {
                var sums = [Double](repeating: sumBefore, count: channels)
                var products = sums
                espalier_norm_backward_sums_bf16(
                    gradient, x, scale, shift, rows, channels, code, &sums, &products)
                var dx = [UInt16](repeating: 0x7fc0, count: x.count)
                coefficients.withUnsafeBufferPointer {
                    let first = $0.baseAddress!
                    let factors = espalier_norm_factors(
                        gradient: first, value: first + channels, constant: first + 2 * channels)
                    espalier_norm_backward_apply_bf16(
                        gradient, x, scale, shift, factors, &dx, rows, channels, code)
                }
                return (sums + products, dx)
            }
            #expect(areSame(native.0, portable.0), "activation \(code)")
            #expect(areSame(native.1, portable.1), "activation \(code)")
        }
    }

    @Test(arguments: channelCounts, rowCounts)
    func backwardSumsInPlace(channels: Int, rows: Int) {
        let (x, output) = (wildHalves(rows * channels, seed: 1), wildHalves(rows * channels, seed: 2))
        let gradient = wildHalves(rows * channels, seed: 3)
        for code in [Activation.relu.kernel, Activation.relu6.kernel] {
            let (native, portable) = inBothCopies {
                var sums = [Double](repeating: sumBefore, count: channels)
                var (products, changed) = (sums, gradient)
                espalier_norm_backward_sums_in_place_bf16(
                    &changed, x, output, rows, channels, code, &sums, &products)
                return (sums + products, changed)
            }
            #expect(areSame(native.0, portable.0), "activation \(code)")
            #expect(areSame(native.1, portable.1), "activation \(code)")
        }
    }
}
