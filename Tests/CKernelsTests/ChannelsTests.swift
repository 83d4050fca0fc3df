import CKernels
import TestSupport
import Testing

/// Rows in rows and numbers by channel, to the bit against loops over their definition.
@Suite struct ChannelsTests {
    static let sizes = [1, 2, 3, 4, 6, 7, 15, 16, 17, 33, 63, 64, 65, 127, 203, 912]

    @Test(arguments: sizes, [0, 1, 9])
    func rowsAreCopied(size: Int, rows: Int) {
        let (first, fromStride, toStride) = (5, size + 3, size + 11)
        let source = (0..<rows * fromStride + first).map { UInt8(truncatingIfNeeded: $0 * 7 + 1) }
        var out = [UInt8](repeating: 0xee, count: rows * toStride + first)
        var expected = out
        for row in 0..<rows {
            for place in 0..<size {
                expected[first + row * toStride + place] = source[first + row * fromStride + place]
            }
        }
        source.withUnsafeBytes { source in
            out.withUnsafeMutableBytes {
                espalier_copy_rows(
                    source.baseAddress! + first, fromStride, $0.baseAddress! + first, toStride, rows, size)
            }
        }
        #expect(out == expected)
    }

    @Test(arguments: awkwardChannels, [0, 1, 9])
    func rowsAreAdded(channels: Int, rows: Int) {
        let stride = channels + 5
        let x = values(rows * stride, seed: 1)
        let before = values(rows * channels, seed: 2)
        var sums = before
        espalier_accumulate_rows(x, stride, &sums, rows, channels)
        let place = { (index: Int) in index / channels * stride + index % channels }
        #expect(areSame(sums, before.indices.map { before[$0] + x[place($0)] }))

        let (half, halfBefore) = (x.map(Half.bits), before.map(Half.bits))
        var halfSums = halfBefore
        espalier_accumulate_rows_bf16(half, stride, &halfSums, rows, channels)
        let expected = halfBefore.indices.map {
            Half.bits(Half.value(halfBefore[$0]) + Half.value(half[place($0)]))
        }
        #expect(halfSums == expected)
    }

    @Test(arguments: awkwardChannels, [1, 4, 31, 77])
    func scaling(channels: Int, pixels: Int) {
        let images = 2
        let x = values(images * pixels * channels, seed: 1)
        let gate = values(images * channels, seed: 2)
        let of = { (index: Int) in index / (pixels * channels) * channels + index % channels }
        let expected = x.indices.map { x[$0] * gate[of($0)] }
        var out = [Float](repeating: .nan, count: x.count)
        espalier_scale(x, gate, &out, images, pixels, channels)
        #expect(areSame(out, expected))
        var same = x
        same.withUnsafeMutableBufferPointer {
            espalier_scale($0.baseAddress, gate, $0.baseAddress, images, pixels, channels)
        }
        #expect(areSame(same, expected))

        let (half, halfGate) = (x.map(Half.bits), gate.map(Half.bits))
        let halfExpected = half.indices.map {
            Half.bits(Half.value(half[$0]) * Half.value(halfGate[of($0)]))
        }
        var halfOut = [UInt16](repeating: 0x7fc0, count: x.count)
        espalier_scale_bf16(half, halfGate, &halfOut, images, pixels, channels)
        #expect(halfOut == halfExpected)
        var halfSame = half
        halfSame.withUnsafeMutableBufferPointer {
            espalier_scale_bf16($0.baseAddress, halfGate, $0.baseAddress, images, pixels, channels)
        }
        #expect(halfSame == halfExpected)
    }

    @Test(arguments: awkwardChannels, [1, 4, 31, 77])
    func gradientsOfGates(channels: Int, pixels: Int) {
        let images = 2
        let count = images * pixels * channels
        let (gradient, x) = (values(count, seed: 1), values(count, seed: 2))
        var found = [Float](repeating: .nan, count: images * channels)
        espalier_scale_backward_gate(gradient, x, &found, images, pixels, channels)
        #expect(areSame(found, Self.gates(gradient, x, images, pixels, channels)))

        let (half, halfX) = (gradient.map(Half.bits), x.map(Half.bits))
        var halfFound = [UInt16](repeating: 0x7fc0, count: images * channels)
        espalier_scale_backward_gate_bf16(half, halfX, &halfFound, images, pixels, channels)
        let wide = Self.gates(half.map(Half.value), halfX.map(Half.value), images, pixels, channels)
        #expect(halfFound == wide.map(Half.bits))
    }

    /// Σ gradient·x by image and channel, as the kernel sums.
    private static func gates(
        _ gradient: [Float], _ x: [Float], _ images: Int, _ pixels: Int, _ channels: Int
    ) -> [Float] {
        let together = Int(ESPALIER_SCALE_PIXELS)
        return (0..<images * channels).map { index in
            let (image, channel) = (index / channels, index % channels)
            var total: Float = 0
            for first in stride(from: 0, to: pixels, by: together) {
                var sum: Float = 0
                for pixel in first..<min(first + together, pixels) {
                    let place = (image * pixels + pixel) * channels + channel
                    sum += gradient[place] * x[place]
                }
                total += sum
            }
            return total
        }
    }
}
