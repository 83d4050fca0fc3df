import CKernels
import NeuralNet
import TestSupport
import Testing

/// The kernels on bf16 against loops over their definition: what is stored to the bit, sums to what fp32
/// loses over as many rows as are summed in it.
@Suite struct HalfNormTests {
    private static func isTotal(_ sum: Double, _ terms: [Double]) -> Bool {
        let exact = terms.reduce(sumBefore, +)
        return abs(sum - exact) <= 2e-6 * terms.reduce(0) { $0 + abs($1) }
    }

    private static func column(_ values: [Float], _ channel: Int, _ channels: Int) -> [Double] {
        stride(from: channel, to: values.count, by: channels).map { Double(values[$0]) }
    }

    @Test(arguments: awkwardChannels, awkwardRows)
    func sums(channels: Int, rows: Int) {
        let x = halves(rows * channels, seed: 1)
        var sums = [Double](repeating: sumBefore, count: channels)
        var squares = sums
        espalier_norm_sums_bf16(x, rows, channels, &sums, &squares)
        for c in 0..<channels {
            let values = Self.column(x.map(Half.value), c, channels)
            #expect(Self.isTotal(sums[c], values))
            #expect(Self.isTotal(squares[c], values.map { $0 * $0 }))
        }
    }

    @Test(arguments: awkwardChannels, awkwardRows)
    func apply(channels: Int, rows: Int) {
        let (x, residual) = (halves(rows * channels, seed: 1), halves(rows * channels, seed: 2))
        let (scale, shift) = (values(channels, seed: 3).map { 8 * $0 }, values(channels, seed: 4))
        for activation in activations {
            for hasResidual in [false, true] {
                let expected = x.indices.map { i -> UInt16 in
                    var value = shift[i % channels].addingProduct(Half.value(x[i]), scale[i % channels])
                    if hasResidual { value += Half.value(residual[i]) }
                    return Half.bits(activated(value, activation))
                }
                let code = activation?.kernel ?? 0
                var out = [UInt16](repeating: 0x7fc0, count: x.count)
                var same = x
                residual.withUnsafeBufferPointer { residual in
                    let other = hasResidual ? residual.baseAddress : nil
                    espalier_norm_apply_bf16(x, scale, shift, other, &out, rows, channels, code)
                    same.withUnsafeMutableBufferPointer {
                        espalier_norm_apply_bf16(
                            $0.baseAddress, scale, shift, other, $0.baseAddress, rows, channels, code)
                    }
                }
                #expect(out == expected)
                #expect(same == expected)
            }
        }
    }

    @Test(arguments: awkwardChannels, awkwardRows)
    func backward(channels: Int, rows: Int) {
        let (x, gradient) = (halves(rows * channels, seed: 1), halves(rows * channels, seed: 3))
        let (scale, shift) = (values(channels, seed: 4).map { 8 * $0 }, values(channels, seed: 5))
        for activation in activations {
            let code = activation?.kernel ?? 0
            let dz = x.indices.map { i -> Float in
                let value = shift[i % channels].addingProduct(Half.value(x[i]), scale[i % channels])
                return activatedBack(Half.value(gradient[i]), value, activation)
            }
            var sums = [Double](repeating: sumBefore, count: channels)
            var products = sums
            espalier_norm_backward_sums_bf16(
                gradient, x, scale, shift, rows, channels, code, &sums, &products)
            expectSums(of: dz, x, channels, sums, products)
            checkApply(gradient, x, dz: dz, scale, shift, channels, code)
        }
    }

    private func checkApply(
        _ gradient: [UInt16], _ x: [UInt16], dz: [Float], _ scale: [Float], _ shift: [Float], _ channels: Int,
        _ code: Int32
    ) {
        let (a, b, d) = (values(channels, seed: 6), values(channels, seed: 7), values(channels, seed: 8))
        let expected = x.indices.map { i -> UInt16 in
            let c = i % channels
            return Half.bits(d[c].addingProduct(b[c], Half.value(x[i])).addingProduct(a[c], dz[i]))
        }
        let rows = x.count / channels
        var dx = [UInt16](repeating: 0x7fc0, count: x.count)
        var same = gradient
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                d.withUnsafeBufferPointer { d in
                    let factors = espalier_norm_factors(
                        gradient: a.baseAddress, value: b.baseAddress, constant: d.baseAddress)
                    espalier_norm_backward_apply_bf16(
                        gradient, x, scale, shift, factors, &dx, rows, channels, code)
                    same.withUnsafeMutableBufferPointer {
                        espalier_norm_backward_apply_bf16(
                            $0.baseAddress, x, scale, shift, factors, $0.baseAddress, rows, channels, code)
                    }
                }
            }
        }
        #expect(dx == expected)
        #expect(same == expected)
    }

    /// After an add: the mask comes from the output, and the gradient becomes dz.
    @Test(arguments: awkwardChannels, awkwardRows)
    func backwardSumsInPlace(channels: Int, rows: Int) {
        let x = halves(rows * channels, seed: 1)
        let output = values(rows * channels, seed: 2).map { Half.bits(8 * $0) }
        for activation in [Activation.relu, .relu6] {
            let gradient = halves(rows * channels, seed: 3)
            let dz = gradient.indices.map {
                activatedBack(Half.value(gradient[$0]), Half.value(output[$0]), activation)
            }
            var found = gradient
            var sums = [Double](repeating: sumBefore, count: channels)
            var products = sums
            espalier_norm_backward_sums_in_place_bf16(
                &found, x, output, rows, channels, activation.kernel, &sums, &products)
            #expect(found == dz.map(Half.bits))
            expectSums(of: dz, x, channels, sums, products)
        }
    }

    private func expectSums(
        of dz: [Float], _ x: [UInt16], _ channels: Int, _ sums: [Double], _ products: [Double]
    ) {
        for c in 0..<channels {
            let column = Self.column(dz, c, channels)
            let values = Self.column(x.map(Half.value), c, channels)
            #expect(Self.isTotal(sums[c], column))
            #expect(Self.isTotal(products[c], zip(column, values).map { $0 * $1 }))
        }
    }
}
