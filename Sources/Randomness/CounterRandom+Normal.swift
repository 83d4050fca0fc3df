extension CounterRandom {
    /// Draw `index` of this stream from N(0, 1), by the Box-Muller transform of one Philox block.
    ///
    /// Logarithm and sine are series in plain double arithmetic: C libraries differ in the last bit, and
    /// replicas must not.
    public func normal(_ index: UInt64) -> Double {
        let words = block(index)
        let first = UInt64(words[0]) | UInt64(words[1]) << 32
        let second = UInt64(words[2]) | UInt64(words[3]) << 32
        let radius = (-2 * SeriesMath.logarithm(Double(first >> 11 + 1) * 0x1p-53)).squareRoot()
        let halfSine = SeriesMath.sine(Double.pi * (Double(second >> 11) * 0x1p-53 - 0.5))
        return radius * (2 * halfSine * halfSine - 1)
    }
}
