import TestSupport

/// Reproducible values in (-1, 1) from a linear congruential generator.
func values(_ count: Int, seed: UInt64) -> [Float] {
    var state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 1
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(Int32(truncatingIfNeeded: state >> 32)) / 2_147_483_648
    }
}

/// Integers over the whole range.
func integers(_ count: Int, seed: UInt64) -> [Int32] {
    values(count, seed: seed).map { Int32($0 * 2_147_483_520) }
}

/// Whether two results are the same to the bit; zeros may differ in sign, a NaN is a NaN.
func areSame(_ a: [Float], _ b: [Float]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }
}

/// Lengths around every vector width and unrolling.
let awkwardCounts = [0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 127, 203, 1000]

/// Channel counts, and rows around the number that kernels take together.
let awkwardChannels = [1, 3, 5, 7, 13, 16, 21, 24, 37, 64, 203, 300]
let awkwardRows = [0, 1, 7, 8, 9, 50, 131]

/// Reproducible values in (-1, 1) as bf16.
func halves(_ count: Int, seed: UInt64) -> [UInt16] {
    values(count, seed: seed).map(Half.bits)
}

/// What sums that a kernel adds to hold before.
let sumBefore = 1.5
