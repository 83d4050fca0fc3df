extension CounterRandom {
    /// Draw `index` of this stream from N(0, 1), by the Box-Muller transform of one Philox block.
    ///
    /// Logarithm and sine are series in plain double arithmetic: C libraries differ in the last bit, and
    /// replicas must not.
    public func normal(_ index: UInt64) -> Double {
        let words = block(index)
        let first = UInt64(words[0]) | UInt64(words[1]) << 32
        let second = UInt64(words[2]) | UInt64(words[3]) << 32
        let radius = (-2 * Self.logarithm(Double(first >> 11 + 1) * 0x1p-53)).squareRoot()
        let halfSine = Self.sine(Double.pi * (Double(second >> 11) * 0x1p-53 - 0.5))
        return radius * (2 * halfSine * halfSine - 1)
    }

    /// ln x for x in (0, 1], to about 1 ulp: x = m·2^e with m in [√½, √2), ln m = 2 atanh((m − 1)/(m + 1)).
    static func logarithm(_ x: Double) -> Double {
        var exponent = Double(x.exponent)
        var mantissa = x.significand
        if mantissa > 1.4142135623730951 {
            mantissa /= 2
            exponent += 1
        }
        let ratio = (mantissa - 1) / (mantissa + 1)
        let square = ratio * ratio
        var sum = 0.0
        for odd in stride(from: 23.0, through: 1.0, by: -2.0) { sum = sum * square + 1 / odd }
        return exponent * 0.6931471805599453 + 2 * ratio * sum
    }

    /// sin x for |x| ≤ π/2, by its Taylor series.
    static func sine(_ x: Double) -> Double {
        let square = x * x
        var sum = 1.0
        for term in stride(from: 20.0, through: 2.0, by: -2.0) {
            sum = 1 - sum * square / (term * (term + 1))
        }
        return x * sum
    }
}
