import CKernels
import TestSupport

/// What loops over bf16 give by the CPU's own instructions, where it has them, and without.
func inBothCopies<Result>(_ run: () -> Result) -> (native: Result, portable: Result) {
    (run(), inPlainC(run))
}

/// What loops give without instructions for which there is plain C too.
func inPlainC<Result>(_ run: () -> Result) -> Result {
    espalier_allow_native(0)
    defer { espalier_allow_native(1) }
    return run()
}

/// Reproducible bf16 of which every fifth is delicate: zeros, subnormals, the ends, infinities, NaN.
func wildHalves(_ count: Int, seed: UInt64) -> [UInt16] {
    let delicate: [UInt16] = [
        0x0000, 0x8000, 0x0001, 0x807f, 0x0080, 0x8080, 0x7f7f, 0xff7f, 0x7f80, 0xff80, 0x2000, 0xa001,
        0x1f81,
        0x7fc0, 0xffc1,
    ]
    return zip(halves(count, seed: seed), integers(count, seed: seed + 100)).map { half, number in
        let choice = Int(number & 0xffff)
        return choice % 5 == 0 ? delicate[choice / 5 % delicate.count] : half
    }
}

/// Whether all bits are the same, but which NaN it is.
func areSame(_ a: [UInt16], _ b: [UInt16]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { $0 == $1 || (Half.value($0).isNaN && Half.value($1).isNaN) }
}

func areSame(_ a: [Double], _ b: [Double]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }
}
