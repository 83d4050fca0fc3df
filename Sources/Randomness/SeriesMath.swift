/// Exponential, logarithm and sine as series in plain double arithmetic: C libraries differ in the last bit
/// between versions and CPUs, and replicas must not.
public enum SeriesMath {
    private static let ln2High = 0.693147180369123816490
    private static let ln2Low = 1.90821492927058770002e-10

    /// e^x to a few ulp for x ≤ 0 (0 below −708), NaN for NaN: x = k·ln 2 + r, |r| ≤ ½ ln 2, and Taylor in r.
    public static func exponential(_ x: Double) -> Double {
        guard x > -708 else { return x.isNaN ? x : 0 }
        guard x < 709 else { return .infinity }
        let binade = (x * 1.4426950408889634).rounded(.toNearestOrEven)
        let rest = (x - binade * ln2High) - binade * ln2Low
        var sum = 1.0
        for term in stride(from: 14.0, through: 1.0, by: -1.0) { sum = 1 + sum * rest / term }
        return sum * Double(sign: .plus, exponent: Int(binade), significand: 1)
    }

    /// ln x for finite x > 0: x = m·2^e with m in [√½, √2), ln m = 2 atanh((m − 1)/(m + 1)).
    public static func logarithm(_ x: Double) -> Double {
        guard x > 0, x.isFinite else { return x == 0 ? -.infinity : x + .nan }
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
        return exponent * ln2High + (exponent * ln2Low + 2 * ratio * sum)
    }

    /// sin x for |x| ≤ π/2, by its Taylor series.
    public static func sine(_ x: Double) -> Double {
        let square = x * x
        var sum = 1.0
        for term in stride(from: 24.0, through: 2.0, by: -2.0) {
            sum = 1 - sum * square / (term * (term + 1))
        }
        return x * sum
    }
}
