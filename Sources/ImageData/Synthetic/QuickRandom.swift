import Randomness

/// A fast sequence of random numbers for painting one picture, started from a ``CounterRandom`` draw, so that
/// each picture is a function of (seed, split, index). SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
struct QuickRandom {
    private var state: UInt64

    init(_ random: CounterRandom, _ index: UInt64) {
        state = random.bits(index)
    }

    mutating func bits() -> UInt64 {
        state = state &+ 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    /// Uniform in 0..<1, with 24 bits.
    mutating func uniform() -> Float { Float(bits() >> 40) * 0x1p-24 }

    mutating func uniform(_ low: Float, _ high: Float) -> Float { low + (high - low) * uniform() }

    mutating func uniform(_ range: ClosedRange<Float>) -> Float {
        uniform(range.lowerBound, range.upperBound)
    }

    mutating func integer(below bound: Int) -> Int { Int(((bits() >> 32) &* UInt64(bound)) >> 32) }

    /// A direction uniform on the circle: a point of the unit disc, by rejection, scaled to length 1. Needs
    /// no sine, whose last bit differs between C libraries.
    mutating func direction() -> (x: Float, y: Float) {
        for _ in 0..<32 {
            let x = uniform(-1, 1)
            let y = uniform(-1, 1)
            let square = x * x + y * y
            if square > 0.01 && square <= 1 {
                let length = square.squareRoot()
                return (x / length, y / length)
            }
        }
        return (1, 0)
    }
}
