import CKernels
import NeuralNet
import Testing

/// Each kernel against loops over its definition: what is stored to the bit, sums to what fp64 loses in
/// another order.
@Suite struct NormTests {
    @Test(arguments: awkwardChannels, awkwardRows)
    func sums(channels: Int, rows: Int) {
        let x = values(rows * channels, seed: 1)
        var sums = [Double](repeating: sumBefore, count: channels)
        var squares = sums
        espalier_norm_sums(x, rows, channels, &sums, &squares)
        for c in 0..<channels {
            var (sum, square) = (sumBefore, sumBefore)
            for r in 0..<rows {
                let value = Double(x[r * channels + c])
                sum += value
                square += value * value
            }
            #expect(abs(sums[c] - sum) <= 1e-13 * (1 + square))
            #expect(abs(squares[c] - square) <= 1e-13 * square)
        }
    }

    @Test(arguments: awkwardChannels, awkwardRows)
    func apply(channels: Int, rows: Int) {
        let (x, residual) = (values(rows * channels, seed: 1), values(rows * channels, seed: 2))
        let (scale, shift) = (values(channels, seed: 3).map { 8 * $0 }, values(channels, seed: 4))
        for activation in activations {
            for hasResidual in [false, true] {
                let expected = x.indices.map { i -> Float in
                    var value = x[i] * scale[i % channels] + shift[i % channels]
                    if hasResidual { value += residual[i] }
                    return activated(value, activation)
                }
                let code = activation?.kernel ?? 0
                var out = [Float](repeating: .nan, count: x.count)
                var same = x
                residual.withUnsafeBufferPointer { residual in
                    let other = hasResidual ? residual.baseAddress : nil
                    espalier_norm_apply(x, scale, shift, other, &out, rows, channels, code)
                    same.withUnsafeMutableBufferPointer {
                        espalier_norm_apply(
                            $0.baseAddress, scale, shift, other, $0.baseAddress, rows, channels, code)
                    }
                }
                #expect(areSame(out, expected))
                #expect(areSame(same, expected))
            }
        }
    }

    @Test(arguments: awkwardChannels, awkwardRows)
    func backward(channels: Int, rows: Int) {
        let (x, gradient) = (values(rows * channels, seed: 1), values(rows * channels, seed: 3))
        let (scale, shift) = (values(channels, seed: 4).map { 8 * $0 }, values(channels, seed: 5))
        for activation in activations {
            let code = activation?.kernel ?? 0
            let dz = x.indices.map { i -> Float in
                let value = x[i] * scale[i % channels] + shift[i % channels]
                return activatedBack(gradient[i], value, activation)
            }
            var sums = [Double](repeating: sumBefore, count: channels)
            var products = sums
            espalier_norm_backward_sums(
                gradient, x, scale, shift, rows, channels, code, &sums, &products)
            expectSums(of: dz, x, channels, sums, products)
            checkApply(gradient, x, dz: dz, scale, shift, channels, code)
        }
    }

    private func checkApply(
        _ gradient: [Float], _ x: [Float], dz: [Float], _ scale: [Float], _ shift: [Float], _ channels: Int,
        _ code: Int32
    ) {
        let (a, b, d) = (values(channels, seed: 6), values(channels, seed: 7), values(channels, seed: 8))
        let expected = x.indices.map { i -> Float in
            let c = i % channels
            return a[c] * dz[i] + (b[c] * x[i] + d[c])
        }
        let rows = x.count / channels
        var dx = [Float](repeating: .nan, count: x.count)
        var same = gradient
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                d.withUnsafeBufferPointer { d in
                    let factors = espalier_norm_factors(
                        gradient: a.baseAddress, value: b.baseAddress, constant: d.baseAddress)
                    espalier_norm_backward_apply(
                        gradient, x, scale, shift, factors, &dx, rows, channels, code)
                    same.withUnsafeMutableBufferPointer {
                        espalier_norm_backward_apply(
                            $0.baseAddress, x, scale, shift, factors, $0.baseAddress, rows, channels, code)
                    }
                }
            }
        }
        #expect(areSame(dx, expected))
        #expect(areSame(same, expected))
    }

    /// After an add: the mask comes from the output, and the gradient becomes dz.
    @Test(arguments: awkwardChannels, awkwardRows)
    func backwardSumsInPlace(channels: Int, rows: Int) {
        let x = values(rows * channels, seed: 1)
        let output = values(rows * channels, seed: 2).map { 8 * $0 }
        for activation in [Activation.relu, .relu6] {
            let gradient = values(rows * channels, seed: 3)
            let dz = gradient.indices.map {
                activatedBack(gradient[$0], output[$0], activation)
            }
            var found = gradient
            var sums = [Double](repeating: sumBefore, count: channels)
            var products = sums
            espalier_norm_backward_sums_in_place(
                &found, x, output, rows, channels, activation.kernel, &sums, &products)
            #expect(areSame(found, dz))
            expectSums(of: dz, x, channels, sums, products)
        }
    }

    private func expectSums(
        of dz: [Float], _ x: [Float], _ channels: Int, _ sums: [Double], _ products: [Double]
    ) {
        for c in 0..<channels {
            var (sum, product, size) = (sumBefore, sumBefore, 1.0)
            for i in stride(from: c, to: x.count, by: channels) {
                sum += Double(dz[i])
                product += Double(dz[i]) * Double(x[i])
                size += abs(Double(dz[i]))
            }
            #expect(abs(sums[c] - sum) <= 1e-13 * size)
            #expect(abs(products[c] - product) <= 1e-13 * size)
        }
    }
}
