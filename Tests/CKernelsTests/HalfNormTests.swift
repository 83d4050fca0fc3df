import CKernels
import TestSupport
import Testing

/// The kernels on bf16 to the bit against loops over their definition.
@Suite struct HalfNormTests {
    /// Adds up as the kernels do: eight rows at a time in fp32, the last few one by one, those in fp64.
    private static func total(_ terms: [Float]) -> Double {
        let group = Int(ESPALIER_NORM_ROWS_BF16)
        var (sum, row) = (0.0, 0)
        while row < terms.count {
            let taken = row + group <= terms.count ? group : 1
            sum += Double(terms[row..<row + taken].reduce(Float(0), +))
            row += taken
        }
        return sum
    }

    private static func column(_ values: [Float], _ channel: Int, _ channels: Int) -> [Float] {
        stride(from: channel, to: values.count, by: channels).map { values[$0] }
    }

    @Test(arguments: awkwardChannels, awkwardRows)
    func sums(channels: Int, rows: Int) {
        let x = halves(rows * channels, seed: 1)
        var sums = [Double](repeating: .nan, count: channels)
        var squares = sums
        espalier_norm_sums_bf16(x, rows, channels, &sums, &squares)
        for c in 0..<channels {
            let values = Self.column(x.map(Half.value), c, channels)
            #expect(sums[c] == Self.total(values))
            #expect(squares[c] == Self.total(values.map { $0 * $0 }))
        }
    }

    @Test(arguments: awkwardChannels, awkwardRows)
    func apply(channels: Int, rows: Int) {
        let (x, residual) = (halves(rows * channels, seed: 1), halves(rows * channels, seed: 2))
        let (scale, shift) = (values(channels, seed: 3), values(channels, seed: 4))
        for (hasResidual, relu) in [(false, false), (false, true), (true, false), (true, true)] {
            let expected = x.indices.map { i -> UInt16 in
                var value = Half.value(x[i]) * scale[i % channels] + shift[i % channels]
                if hasResidual { value += Half.value(residual[i]) }
                return Half.bits(relu && !(value > 0) ? 0 : value)
            }
            var out = [UInt16](repeating: 0x7fc0, count: x.count)
            var same = x
            residual.withUnsafeBufferPointer { residual in
                let other = hasResidual ? residual.baseAddress : nil
                espalier_norm_apply_bf16(x, scale, shift, other, &out, rows, channels, relu ? 1 : 0)
                same.withUnsafeMutableBufferPointer {
                    espalier_norm_apply_bf16(
                        $0.baseAddress, scale, shift, other, $0.baseAddress, rows, channels, relu ? 1 : 0)
                }
            }
            #expect(out == expected)
            #expect(same == expected)
        }
    }

    @Test(arguments: awkwardChannels, awkwardRows)
    func backwardSums(channels: Int, rows: Int) {
        let (x, output) = (halves(rows * channels, seed: 1), halves(rows * channels, seed: 2))
        for relu in [false, true] {
            let gradient = halves(rows * channels, seed: 3)
            let expected = gradient.indices.map { relu && !(Half.value(output[$0]) > 0) ? 0 : gradient[$0] }
            var found = gradient
            var sums = [Double](repeating: .nan, count: channels)
            var products = sums
            output.withUnsafeBufferPointer {
                espalier_norm_backward_sums_bf16(
                    &found, relu ? $0.baseAddress : nil, x, rows, channels, &sums, &products)
            }
            #expect(found == expected)
            for c in 0..<channels {
                let dz = Self.column(expected.map(Half.value), c, channels)
                let values = Self.column(x.map(Half.value), c, channels)
                #expect(sums[c] == Self.total(dz))
                #expect(products[c] == Self.total(zip(dz, values).map { $0 * $1 }))
            }
        }
    }

    @Test(arguments: awkwardChannels, awkwardRows)
    func backwardApply(channels: Int, rows: Int) {
        let (dz, x) = (halves(rows * channels, seed: 1), halves(rows * channels, seed: 2))
        let (a, b, d) = (values(channels, seed: 3), values(channels, seed: 4), values(channels, seed: 5))
        let expected = x.indices.map { i -> UInt16 in
            let c = i % channels
            return Half.bits(a[c] * Half.value(dz[i]) + b[c] * Half.value(x[i]) + d[c])
        }
        var dx = [UInt16](repeating: 0x7fc0, count: x.count)
        espalier_norm_backward_apply_bf16(dz, x, a, b, d, &dx, rows, channels)
        #expect(dx == expected)
        var same = dz
        same.withUnsafeMutableBufferPointer {
            espalier_norm_backward_apply_bf16($0.baseAddress, x, a, b, d, $0.baseAddress, rows, channels)
        }
        #expect(same == expected)
    }
}
