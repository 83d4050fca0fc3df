import CKernels
import NeuralNet
import TestSupport
import Testing

/// bf16 conversions and element-wise kernels to the bit against their definition.
@Suite struct HalfElementwiseTests {
    /// Numbers and their neighbours where rounding is delicate: ties both ways, subnormals, the ends.
    private static let delicate: [Float] = {
        let upper: [UInt32] = [
            0, 1, 0x007f, 0x0080, 0x3f7f, 0x3f80, 0x3f81, 0x7f7e, 0x7f7f, 0x7f80, 0x7f81, 0x7fc0, 0x7fff,
        ]
        let lower: [UInt32] = [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff]
        return [0, 0x8000_0000].flatMap { sign in
            upper.flatMap { high in lower.map { Float(bitPattern: sign | high << 16 | $0) } }
        }
    }()

    @Test func roundsToNearestEven() {
        let inputs = Self.delicate + integers(5000, seed: 1).map { Float(bitPattern: UInt32(bitPattern: $0)) }
        var found = [UInt16](repeating: 0, count: inputs.count)
        espalier_round_bf16(inputs, &found, inputs.count)
        for (input, bits) in zip(inputs, found) {
            #expect(bits == Half.bits(input), "\(input)")
            #expect(Half.value(bits).isNaN == input.isNaN)
        }
        #expect(Half.value(Half.bits(1 + 0x1p-8)) == 1)
        #expect(Half.value(Half.bits(1 + 0x1.8p-7)) == 1 + 0x1p-6)
        #expect(Half.value(Half.bits(.greatestFiniteMagnitude)) == .infinity)
    }

    @Test func wideningIsExact() {
        let all = Array(UInt16.min...UInt16.max)
        var wide = [Float](repeating: 0, count: all.count)
        espalier_widen_bf16(all, &wide, all.count)
        #expect(zip(all, wide).allSatisfy { $1.bitPattern == UInt32($0) << 16 })
    }

    @Test(arguments: awkwardCounts)
    func elementwise(count: Int) {
        let (a, b) = (halves(count, seed: 1), halves(count, seed: 2))
        let sum = zip(a, b).map { Half.bits(Half.value($0) + Half.value($1)) }
        var out = [UInt16](repeating: 0x7fc0, count: count)
        espalier_add_bf16(a, b, &out, count)
        #expect(out == sum)
        var sums = a
        espalier_accumulate_bf16(&sums, b, count)
        #expect(sums == sum)
        for activation in Activation.allCases {
            espalier_activate_bf16(a, &out, count, activation.kernel)
            #expect(out == a.map { Half.bits(activated(Half.value($0), activation)) })
            var gradient = b
            espalier_activate_backward_bf16(&gradient, a, count, activation.kernel)
            #expect(
                gradient
                    == zip(b, a).map {
                        Half.bits(activatedBack(Half.value($0), Half.value($1), activation))
                    })
        }
    }

    @Test func rectifiedNaNIsZero() {
        var out: [UInt16] = [1, 1, 1]
        espalier_activate_bf16([0x7fc0, 0x8000, 0x3f80], &out, 3, Activation.relu.kernel)
        #expect(out == [0, 0, 0x3f80])
    }

    @Test(arguments: awkwardChannels, [1, 4, 49])
    func globalAverage(channels: Int, pixels: Int) {
        let images = 2
        let x = halves(images * pixels * channels, seed: 1)
        var out = [Float](repeating: .nan, count: images * channels)
        espalier_global_average_bf16(x, &out, images, pixels, channels)
        let gradient = values(images * channels, seed: 2)
        var dx = [UInt16](repeating: 0x7fc0, count: x.count)
        espalier_global_average_backward_bf16(gradient, &dx, images, pixels, channels)
        let share = 1 / Float(pixels)
        for (index, found) in out.enumerated() {
            let (image, channel) = (index / channels, index % channels)
            let places = (0..<pixels).map { (image * pixels + $0) * channels + channel }
            #expect(found == places.reduce(Float(0)) { $0 + Half.value(x[$1]) } * share)
            #expect(places.allSatisfy { dx[$0] == Half.bits(gradient[index] * share) })
        }
    }
}
