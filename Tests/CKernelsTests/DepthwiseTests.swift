import CKernels
import TestSupport
import Testing

/// Depthwise convolution against loops over its definition in fp64: any channel count, size and stride.
@Suite struct DepthwiseTests {
    struct Case: Sendable, CustomStringConvertible {
        var channels, height, width, kernel, stride, padding: Int

        var outHeight: Int { (height + 2 * padding - kernel) / stride + 1 }
        var outWidth: Int { (width + 2 * padding - kernel) / stride + 1 }
        var description: String {
            "\(channels)×\(height)×\(width), kernel \(kernel), stride \(stride), padding \(padding)"
        }

        static let images = 2

        var shape: espalier_depthwise_shape {
            espalier_depthwise_shape(
                images: Self.images, channels: channels, in_height: height, in_width: width,
                out_height: outHeight, out_width: outWidth, kernel: kernel, stride: stride, padding: padding)
        }

        /// Calls `body` with the input's, the weight's and the output's index of every product.
        func forEachProduct(_ body: (_ input: Int, _ weight: Int, _ output: Int) -> Void) {
            for pixel in 0..<Self.images * outHeight * outWidth {
                let (image, row, column) = (
                    pixel / (outHeight * outWidth), pixel / outWidth % outHeight, pixel % outWidth
                )
                for tap in 0..<kernel * kernel {
                    let y = row * stride + tap / kernel - padding
                    let x = column * stride + tap % kernel - padding
                    guard (0..<height).contains(y), (0..<width).contains(x) else { continue }
                    let inPixel = (image * height + y) * width + x
                    for c in 0..<channels {
                        body(inPixel * channels + c, tap * channels + c, pixel * channels + c)
                    }
                }
            }
        }

        var inputCount: Int { Self.images * height * width * channels }
        var outputCount: Int { Self.images * outHeight * outWidth * channels }
        var weightCount: Int { kernel * kernel * channels }
    }

    /// Every channel count with the usual windows, a few others, and images smaller than the window.
    static let cases =
        [1, 3, 7, 16, 37, 64, 203].flatMap { channels in
            [(3, 1), (3, 2), (5, 1), (5, 2)].map { kernel, stride in
                Case(
                    channels: channels, height: 9, width: 12, kernel: kernel, stride: stride,
                    padding: kernel / 2)
            }
        } + [
            Case(channels: 16, height: 1, width: 1, kernel: 3, stride: 1, padding: 1),
            Case(channels: 37, height: 1, width: 1, kernel: 5, stride: 2, padding: 2),
            Case(channels: 20, height: 2, width: 3, kernel: 5, stride: 1, padding: 2),
            Case(channels: 20, height: 8, width: 7, kernel: 3, stride: 3, padding: 0),
            Case(channels: 5, height: 6, width: 6, kernel: 1, stride: 2, padding: 0),
            Case(channels: 17, height: 4, width: 5, kernel: 2, stride: 1, padding: 2),
            Case(channels: 66, height: 9, width: 9, kernel: 7, stride: 2, padding: 3),
            Case(channels: 203, height: 8, width: 8, kernel: 7, stride: 1, padding: 3),
            Case(channels: 48, height: 3, width: 33, kernel: 3, stride: 1, padding: 0),
            Case(channels: 48, height: 3, width: 33, kernel: 3, stride: 2, padding: 0),
            Case(channels: 33, height: 70, width: 2, kernel: 3, stride: 1, padding: 1),
            Case(channels: 31, height: 2, width: 70, kernel: 5, stride: 2, padding: 2),
            Case(channels: 10, height: 5, width: 6, kernel: 4, stride: 2, padding: 1),
        ]
        + [1, 3, 7, 16, 37, 203].flatMap { channels in
            // Sides around the numbers of outputs that are made together.
            [1, 4, 7, 8, 14].flatMap { side in
                [(3, 1), (3, 2), (5, 1), (5, 2)].map { kernel, stride in
                    Case(
                        channels: channels, height: side, width: side, kernel: kernel, stride: stride,
                        padding: kernel / 2)
                }
            }
        }

    @Test(arguments: cases) func passesAgreeWithLoops(_ test: Case) {
        var shape = test.shape
        let x = values(test.inputCount, seed: 1)
        let gradient = values(test.outputCount, seed: 2)
        let plain = values(test.weightCount, seed: 3)
        let bias = values(test.channels, seed: 4)
        var weight = [Float](repeating: .nan, count: plain.count)
        espalier_depthwise_pack(plain, test.channels, test.kernel * test.kernel, &weight)
        let taps = test.kernel * test.kernel
        #expect(weight == plain.indices.map { plain[$0 % test.channels * taps + $0 / test.channels] })
        var out = [Float](repeating: .nan, count: test.outputCount)
        var dx = [Float](repeating: .nan, count: test.inputCount)
        var dw = [Float](repeating: .nan, count: test.weightCount)
        espalier_depthwise_forward(&shape, x, weight, bias, &out)
        espalier_depthwise_backward_data(&shape, gradient, weight, &dx)
        espalier_depthwise_backward_weights(&shape, x, gradient, &dw, 0)
        Self.expect(test, x, weight, bias, gradient, out, dx, dw, stored: 1e-5)
    }

    @Test(arguments: cases) func passesAgreeWithLoopsInHalfPrecision(_ test: Case) {
        var shape = test.shape
        let x = halves(test.inputCount, seed: 1)
        let gradient = halves(test.outputCount, seed: 2)
        let plain = values(test.weightCount, seed: 3)
        let bias = values(test.channels, seed: 4)
        var weight = [UInt16](repeating: 0x7fc0, count: plain.count)
        espalier_depthwise_pack_bf16(plain, test.channels, test.kernel * test.kernel, &weight)
        let taps = test.kernel * test.kernel
        #expect(
            weight == plain.indices.map { Half.bits(plain[$0 % test.channels * taps + $0 / test.channels]) })
        var out = [UInt16](repeating: 0x7fc0, count: test.outputCount)
        var dx = [UInt16](repeating: 0x7fc0, count: test.inputCount)
        var dw = [Float](repeating: .nan, count: test.weightCount)
        espalier_depthwise_forward_bf16(&shape, x, weight, bias, &out)
        espalier_depthwise_backward_data_bf16(&shape, gradient, weight, &dx)
        espalier_depthwise_backward_weights_bf16(&shape, x, gradient, &dw, 0)
        Self.expect(
            test, x.map(Half.value), weight.map(Half.value), bias, gradient.map(Half.value),
            out.map(Half.value), dx.map(Half.value), dw, stored: 0.005)
    }

    /// The CPU's own instructions for bf16 and the plain loops give the same bits.
    @Test(arguments: cases) func bothWaysGiveTheSameBits(_ test: Case) {
        let (native, portable) = inBothCopies { halfPasses(test) }
        #expect(native.out == portable.out)
        #expect(native.dx == portable.dx)
        #expect(native.dw.map(\.bitPattern) == portable.dw.map(\.bitPattern))
    }

    private func halfPasses(_ test: Case) -> (out: [UInt16], dx: [UInt16], dw: [Float]) {
        var shape = test.shape
        let x = halves(test.inputCount, seed: 5)
        let gradient = halves(test.outputCount, seed: 6)
        let weight = halves(test.weightCount, seed: 7)
        let bias = values(test.channels, seed: 8)
        var out = [UInt16](repeating: 0x7fc0, count: test.outputCount)
        var dx = [UInt16](repeating: 0x7fc0, count: test.inputCount)
        var dw = [Float](repeating: .nan, count: test.weightCount)
        espalier_depthwise_forward_bf16(&shape, x, weight, bias, &out)
        espalier_depthwise_backward_data_bf16(&shape, gradient, weight, &dx)
        espalier_depthwise_backward_weights_bf16(&shape, x, gradient, &dw, 0)
        return (out, dx, dw)
    }

    @Test(arguments: awkwardChannels + [300], [0, 1, 50]) func channelSums(channels: Int, rows: Int) {
        let x = values(rows * channels, seed: 1)
        let half = halves(rows * channels, seed: 2)
        var sums = [Float](repeating: .nan, count: channels)
        var halfSums = sums
        espalier_channel_sums(x, rows, channels, &sums)
        espalier_channel_sums_bf16(half, rows, channels, &halfSums)
        for c in 0..<channels {
            let places = stride(from: c, to: x.count, by: channels)
            #expect(sums[c] == Float(places.reduce(0.0) { $0 + Double(x[$1]) }))
            #expect(halfSums[c] == Float(places.reduce(0.0) { $0 + Double(Half.value(half[$1])) }))
        }
    }

    /// - Parameter stored: the largest error of outputs and input gradients, relative to their sum of
    ///   products' magnitudes; a weight's gradient is fp32 anyway.
    private static func expect(
        _ test: Case, _ x: [Float], _ weight: [Float], _ bias: [Float], _ gradient: [Float], _ out: [Float],
        _ dx: [Float], _ dw: [Float], stored: Double
    ) {
        var output = Totals(test.outputCount)
        var inputGradient = Totals(test.inputCount)
        var weightGradient = Totals(test.weightCount)
        for i in 0..<test.outputCount { output.add(Double(bias[i % test.channels]), at: i) }
        test.forEachProduct { input, tap, pixel in
            output.add(Double(x[input]) * Double(weight[tap]), at: pixel)
            inputGradient.add(Double(gradient[pixel]) * Double(weight[tap]), at: input)
            weightGradient.add(Double(x[input]) * Double(gradient[pixel]), at: tap)
        }
        #expect(output.error(of: out) <= stored)
        #expect(inputGradient.error(of: dx) <= stored)
        #expect(weightGradient.error(of: dw) <= 1e-5)
    }
}

/// Sums in fp64, and of magnitudes.
private struct Totals {
    private var sums: [Double]
    private var magnitudes: [Double]

    init(_ count: Int) {
        sums = [Double](repeating: 0, count: count)
        magnitudes = sums
    }

    mutating func add(_ term: Double, at index: Int) {
        sums[index] += term
        magnitudes[index] += abs(term)
    }

    /// The largest difference, relative to the magnitudes of what was added up; infinite for a NaN.
    func error(of found: [Float]) -> Double {
        sums.indices.reduce(0) { worst, i in
            let difference = abs(Double(found[i]) - sums[i])
            if difference.isNaN { return .infinity }
            return difference == 0 ? worst : max(worst, difference / max(magnitudes[i], 1e-30))
        }
    }
}
