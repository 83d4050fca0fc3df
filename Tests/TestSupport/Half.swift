/// bf16 by the definition: the upper half of an fp32, to nearest, ties to even; numbers too small to be
/// normal are 0, as in the CPU's own conversion.
public enum Half {
    public static func bits(_ value: Float) -> UInt16 {
        if value.isNaN { return UInt16(value.bitPattern >> 16) | 0x40 }
        if value.isInfinite { return UInt16(value.bitPattern >> 16) }
        if value.magnitude < .leastNormalMagnitude { return value.sign == .minus ? 0x8000 : 0 }
        // The two neighbours towards and away from zero; the gap above the largest finite one ends at 2^128.
        let low = UInt16(value.bitPattern >> 16)
        let (below, above) = (
            self.value(low).magnitude, low & 0x7fff == 0x7f7f ? 0x1p128 : magnitude(low + 1)
        )
        let (down, up) = (Double(value.magnitude) - Double(below), above - Double(value.magnitude))
        return down < up || down == up && low & 1 == 0 ? low : low + 1
    }

    public static func value(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

    public static func rounded(_ value: Float) -> Float { self.value(bits(value)) }

    private static func magnitude(_ bits: UInt16) -> Double { Double(value(bits).magnitude) }
}
