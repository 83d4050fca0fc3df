import CKernels
import TestSupport
import Testing

/// Weight gradients on gathered inputs against sums in fp64, with operands between what is no number.
@Suite(.enabled(if: espalier_has_gathering() != 0)) struct GatheredWeightsTests {
    struct Case: CustomTestStringConvertible {
        let images, inChannels, height, width, outChannels, kernel, stride, padding: Int

        init(
            _ images: Int, _ inChannels: Int, _ height: Int, _ width: Int, _ outChannels: Int, kernel: Int,
            stride: Int = 1, padding: Int? = nil
        ) {
            self.images = images
            self.inChannels = inChannels
            self.height = height
            self.width = width
            self.outChannels = outChannels
            self.kernel = kernel
            self.stride = stride
            self.padding = padding ?? kernel / 2
        }

        var outHeight: Int { (height + 2 * padding - kernel) / stride + 1 }
        var outWidth: Int { (width + 2 * padding - kernel) / stride + 1 }
        var columns: Int { kernel * kernel * inChannels }
        var shape: espalier_convolution_shape {
            espalier_convolution_shape(
                images: images, in_channels: inChannels, in_height: height, in_width: width,
                out_channels: outChannels, out_height: outHeight, out_width: outWidth, kernel: kernel,
                stride: stride, padding: padding)
        }
        var testDescription: String {
            "\(images)×\(inChannels)×\(height)×\(width) to \(outChannels), kernel \(kernel), "
                + "stride \(stride), padding \(padding)"
        }

        /// The pairs of pixels that an element of the gradient is a sum over, as (input, output).
        func pixels(tapRow: Int, tapColumn: Int) -> [(input: Int, output: Int)] {
            (0..<images * outHeight * outWidth).compactMap { output in
                let (image, y, x) = (
                    output / (outHeight * outWidth), output / outWidth % outHeight, output % outWidth
                )
                let (row, column) = (
                    y * stride + tapRow - padding, x * stride + tapColumn - padding
                )
                guard (0..<height).contains(row), (0..<width).contains(column) else { return nil }
                return ((image * height + row) * width + column, output)
            }
        }

        /// All elements, or some if there are many.
        var checked: [Int] {
            let count = outChannels * columns
            return Array(Swift.stride(from: 0, to: count, by: count / 3000 | 1))
        }

        func sums(_ input: [Float], _ gradient: [Float]) -> [(sum: Double, magnitude: Double)] {
            checked.map { index in
                let (out, tap, channel) = (
                    index / columns, index % columns / inChannels, index % inChannels
                )
                let pixels = pixels(tapRow: tap / kernel, tapColumn: tap % kernel)
                return pixels.reduce(into: (0, 0)) { sums, pair in
                    let product =
                        Double(input[pair.input * inChannels + channel])
                        * Double(gradient[pair.output * outChannels + out])
                    sums.sum += product
                    sums.magnitude += abs(product)
                }
            }
        }
    }

    private static let channels = [1, 3, 7, 16, 37, 203]
    /// Every number of rows and vectors in a block, every rest; stretches and their ends; runs of several
    /// taps' inputs and parts of one; taps that are all outside of the image.
    static let cases: [Case] =
        channels.flatMap { ins in channels.map { Case(2, ins, 5, 5, $0, kernel: 1) } }
        + (1...28).map { Case(1, 129 - 4 * $0, 3, 3, $0, kernel: 1) }
        + [1, 127, 128, 129, 257, 515].map { Case(1, 76, 1, $0, 19, kernel: 1) }
        + channels.map { Case(1, $0, 6, 5, 19, kernel: 3) }
        + channels.map { Case(2, 19, 7, 6, $0, kernel: 3, stride: 2) }
        + [
            Case(1, 3, 33, 31, 8, kernel: 7, stride: 2), Case(2, 37, 9, 7, 19, kernel: 1, stride: 2),
            Case(1, 5, 9, 8, 6, kernel: 2, stride: 3, padding: 1),
            Case(1, 4, 11, 13, 6, kernel: 3, stride: 4),
            Case(2, 6, 10, 9, 5, kernel: 3, padding: 0), Case(1, 5, 9, 10, 7, kernel: 3, padding: 2),
            Case(3, 16, 1, 1, 16, kernel: 3), Case(1, 72, 5, 5, 16, kernel: 4, padding: 1),
            Case(4, 2, 2, 1, 3, kernel: 5), Case(1, 512, 17, 17, 513, kernel: 1),
        ]

    @Test(arguments: cases) func sumsAgree(_ test: Case) {
        let input = values(test.images * test.height * test.width * test.inChannels, seed: 1)
        let gradient = values(test.images * test.outHeight * test.outWidth * test.outChannels, seed: 2)
        let found = Self.guarded(test, input, gradient)
        let worst = zip(test.checked.map { found[$0] }, test.sums(input, gradient)).reduce(0) { worst, pair in
            let difference = abs(Double(pair.0) - pair.1.sum)
            return difference.isNaN ? .infinity : max(worst, difference / max(pair.1.magnitude, 1e-30))
        }
        #expect(worst <= 1e-6)
        let isWhole = !found.contains { $0.isNaN }
        #expect(isWhole)
    }

    private static func guarded(_ test: Case, _ input: [Float], _ gradient: [Float]) -> [Float] {
        let fence = [Float](repeating: .nan, count: 67)
        var shape = test.shape
        let byteCount = espalier_gathered_weights_scratch(&shape)
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount + 64, alignment: 64)
        defer { scratch.deallocate() }
        // All bits set: no number.
        scratch.initializeMemory(as: UInt8.self, repeating: 0xff)
        let count = test.outChannels * test.columns
        var sums = [Float](repeating: .nan, count: count + 32)
        (fence + input + fence).withUnsafeBufferPointer { input in
            (fence + gradient + fence).withUnsafeBufferPointer { gradient in
                sums.withUnsafeMutableBufferPointer { sums in
                    espalier_gathered_weights(
                        &shape, input.baseAddress! + fence.count, gradient.baseAddress! + fence.count,
                        scratch.baseAddress!, sums.baseAddress! + 16, 0)
                }
            }
        }
        #expect(scratch.suffix(64).allSatisfy { $0 == 0xff })
        #expect(sums.prefix(16).allSatisfy(\.isNaN) && sums.suffix(16).allSatisfy(\.isNaN))
        return Array(sums[16..<16 + count])
    }
}
