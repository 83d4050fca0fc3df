import CKernels
import Testing

/// Each kernel to the bit against loops over its definition.
@Suite struct NormTests {
    @Test(arguments: awkwardChannels, awkwardRows)
    func sums(channels: Int, rows: Int) {
        let x = values(rows * channels, seed: 1)
        var sums = [Double](repeating: .nan, count: channels)
        var squares = sums
        espalier_norm_sums(x, rows, channels, &sums, &squares)
        for c in 0..<channels {
            var (sum, square) = (0.0, 0.0)
            for r in 0..<rows {
                let value = Double(x[r * channels + c])
                sum += value
                square += value * value
            }
            #expect(sums[c] == sum)
            #expect(squares[c] == square)
        }
    }

    @Test(arguments: awkwardChannels, awkwardRows)
    func apply(channels: Int, rows: Int) {
        let x = values(rows * channels, seed: 1)
        let residual = values(rows * channels, seed: 2)
        let (scale, shift) = (values(channels, seed: 3), values(channels, seed: 4))
        for (hasResidual, relu) in [(false, false), (false, true), (true, false), (true, true)] {
            let expected = x.indices.map { i -> Float in
                var value = x[i] * scale[i % channels] + shift[i % channels]
                if hasResidual { value += residual[i] }
                return relu && !(value > 0) ? 0 : value
            }
            var out = [Float](repeating: .nan, count: x.count)
            residual.withUnsafeBufferPointer {
                espalier_norm_apply(
                    x, scale, shift, hasResidual ? $0.baseAddress : nil, &out, rows, channels, relu ? 1 : 0)
            }
            #expect(areSame(out, expected))
            // In place.
            var same = x
            same.withUnsafeMutableBufferPointer { same in
                residual.withUnsafeBufferPointer {
                    espalier_norm_apply(
                        same.baseAddress, scale, shift, hasResidual ? $0.baseAddress : nil, same.baseAddress,
                        rows,
                        channels, relu ? 1 : 0)
                }
            }
            #expect(areSame(same, expected))
        }
    }

    @Test(arguments: awkwardChannels, awkwardRows)
    func backwardSums(channels: Int, rows: Int) {
        let x = values(rows * channels, seed: 1)
        let output = values(rows * channels, seed: 2)
        for relu in [false, true] {
            let gradient = values(rows * channels, seed: 3)
            let expected = gradient.indices.map { relu && !(output[$0] > 0) ? 0 : gradient[$0] }
            var found = gradient
            var sums = [Double](repeating: .nan, count: channels)
            var products = sums
            output.withUnsafeBufferPointer {
                espalier_norm_backward_sums(
                    &found, relu ? $0.baseAddress : nil, x, rows, channels, &sums, &products)
            }
            #expect(areSame(found, expected))
            for c in 0..<channels {
                var (sum, product) = (0.0, 0.0)
                for i in stride(from: c, to: rows * channels, by: channels) {
                    sum += Double(expected[i])
                    product += Double(expected[i]) * Double(x[i])
                }
                #expect(sums[c] == sum)
                #expect(products[c] == product)
            }
        }
    }

    @Test(arguments: awkwardChannels, awkwardRows)
    func backwardApply(channels: Int, rows: Int) {
        let (dz, x) = (values(rows * channels, seed: 1), values(rows * channels, seed: 2))
        let (a, b, d) = (values(channels, seed: 3), values(channels, seed: 4), values(channels, seed: 5))
        let expected = x.indices.map { i -> Float in
            let c = i % channels
            return a[c] * dz[i] + b[c] * x[i] + d[c]
        }
        var dx = [Float](repeating: .nan, count: x.count)
        espalier_norm_backward_apply(dz, x, a, b, d, &dx, rows, channels)
        #expect(areSame(dx, expected))
        var same = dz
        same.withUnsafeMutableBufferPointer {
            espalier_norm_backward_apply($0.baseAddress, x, a, b, d, $0.baseAddress, rows, channels)
        }
        #expect(areSame(same, expected))
    }
}
