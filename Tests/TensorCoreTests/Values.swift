import TensorCore

/// Reproducible values in (-1, 1) from a linear congruential generator.
func values(_ count: Int, seed: UInt64) -> [Float] {
    var state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 1
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(Int32(truncatingIfNeeded: state >> 32)) / 2_147_483_648
    }
}

func buffer(_ values: [Float]) -> AlignedBuffer<Float> {
    let result = AlignedBuffer<Float>(count: values.count)
    result.pointer.update(from: values, count: values.count)
    return result
}

/// The largest difference, relative to the root mean square of what is expected (or to 1 if that is 0).
func relativeError(_ found: some Collection<Float>, _ expected: [Double]) -> Double {
    precondition(found.count == expected.count, "\(found.count) values against \(expected.count)")
    let square = expected.reduce(0) { $0 + $1 * $1 } / Double(max(expected.count, 1))
    var largest = 0.0
    for (a, b) in zip(found, expected) {
        // A NaN must not pass for small.
        largest = max(largest, a.isNaN ? .infinity : abs(Double(a) - b))
    }
    return square > 0 ? largest / square.squareRoot() : largest
}
