import CKernels
import NeuralNet
import TestSupport
import Testing

/// The activations' kernels. Those that only compare and multiply are right to the bit, those with an
/// exponential to a few units in the last place.
@Suite struct ActivationTests {
    /// Corners, both tails, and what lies between.
    static let points: [Float] =
        [-.infinity, -1e30, -200, -88, -87, -3, -0.0, 0, 3, 6, 87, 88, 200, 1e30, .infinity]
        + values(400, seed: 1).map { 10 * $0 }

    @Test(arguments: Activation.allCases)
    func outputs(activation: Activation) {
        var out = Self.points
        espalier_activate(Self.points, &out, out.count, activation.kernel)
        for (x, found) in zip(Self.points, out) where x.isFinite {
            let expected = activation.reference(Double(x)).value
            // The exponential stops at its largest argument, so that tails are tiny instead of zero.
            #expect(abs(Double(found) - expected) <= 1e-6 * abs(expected) + 2e-38 * Double(abs(x)), "\(x)")
        }
    }

    @Test(arguments: Activation.allCases)
    func gradients(activation: Activation) {
        let gradient = values(Self.points.count, seed: 2)
        var found = gradient
        espalier_activate_backward(&found, Self.points, found.count, activation.kernel)
        for (index, x) in Self.points.enumerated() where x.isFinite {
            let expected = Double(gradient[index]) * activation.reference(Double(x)).slope
            #expect(abs(Double(found[index]) - expected) <= 2e-6, "\(x)")
        }
    }

    @Test(arguments: awkwardCounts, Activation.allCases)
    func everyElementAlike(count: Int, activation: Activation) {
        let x = values(count, seed: 3).map { 8 * $0 }
        var (out, back) = (x, values(count, seed: 4))
        let gradient = back
        espalier_activate(x, &out, count, activation.kernel)
        espalier_activate_backward(&back, x, count, activation.kernel)
        for index in 0..<count {
            #expect(out[index] == activated(x[index], activation))
            #expect(back[index] == activatedBack(gradient[index], x[index], activation))
        }
    }

    @Test func whatIsNotANumber() {
        var out: [Float] = [.nan, .nan]
        espalier_activate(out, &out, 2, Activation.relu.kernel)
        #expect(out == [0, 0])
        out = [.nan, 1]
        espalier_activate([.nan, 1], &out, 2, Activation.swish.kernel)
        #expect(out[0].isNaN && out[1] > 0.73)
    }
}

extension Activation {
    /// Its number in CKernels.
    var kernel: Int32 { Int32(1 + (Activation.allCases.firstIndex(of: self) ?? 0)) }
}

/// One element by the kernel itself, alone: whatever the vector length and the place in it, the bits are
/// these.
func activated(_ x: Float, _ activation: Activation?) -> Float {
    guard let activation else { return x }
    var out: Float = 0
    espalier_activate([x], &out, 1, activation.kernel)
    return out
}

func activatedBack(_ gradient: Float, _ x: Float, _ activation: Activation?) -> Float {
    guard let activation else { return gradient }
    var result = gradient
    espalier_activate_backward(&result, [x], 1, activation.kernel)
    return result
}

/// No activation, and all.
let activations: [Activation?] = [nil] + Activation.allCases
