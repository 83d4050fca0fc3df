import CKernels
import TestSupport
import Testing

/// The passes over bf16 give the same bits by the CPU's own instructions and without, whatever the numbers.
@Suite struct HalfElementwiseCopiesTests {
    @Test func rounding() {
        let x = integers(20_003, seed: 1).map { Float(bitPattern: UInt32(bitPattern: $0)) }
        let (native, portable) = inBothCopies {
            var out = [UInt16](repeating: 1, count: x.count)
            espalier_round_bf16(x, &out, x.count)
            return out
        }
        #expect(native == portable)
        #expect(native == x.map(Half.bits))
    }

    @Test(arguments: awkwardCounts)
    func elementwise(count: Int) {
        let (a, b) = (wildHalves(count, seed: 1), wildHalves(count, seed: 2))
        for code in activations.map({ $0?.kernel ?? 0 }) {
            let (native, portable) = inBothCopies {
                var (out, gradient, sums) = (a, b, b)
                espalier_activate_bf16(a, &out, count, code)
                espalier_activate_backward_bf16(&gradient, a, count, code)
                espalier_accumulate_bf16(&sums, a, count)
                return out + gradient + sums
            }
            #expect(areSame(native, portable), "activation \(code)")
        }
    }

    @Test(arguments: awkwardChannels, [1, 4, 77])
    func byChannel(channels: Int, pixels: Int) {
        let count = 2 * pixels * channels
        let (a, b) = (wildHalves(count, seed: 1), wildHalves(count, seed: 2))
        let gate = wildHalves(2 * channels, seed: 3)
        let (native, portable) = inBothCopies {
            var (out, sums, gates, dx) = (a, b, gate, a)
            espalier_scale_bf16(a, gate, &out, 2, pixels, channels)
            espalier_accumulate_rows_bf16(a, channels, &sums, 2 * pixels, channels)
            espalier_scale_backward_gate_bf16(a, b, &gates, 2, pixels, channels)
            var average = [Float](repeating: .nan, count: 2 * channels)
            espalier_global_average_bf16(a, &average, 2, pixels, channels)
            espalier_global_average_backward_bf16(average, &dx, 2, pixels, channels)
            return (out + sums + gates + dx, average.map(Double.init))
        }
        #expect(areSame(native.0, portable.0))
        #expect(areSame(native.1, portable.1))
    }
}
