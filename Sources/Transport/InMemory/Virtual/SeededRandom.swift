/// SplitMix64 (Steele, Lea and Flood 2014): the random numbers of a simulation.
package struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(_ seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mix(state)
    }

    /// One of 0..<`bound`; the bias of at most bound/2⁶⁴ matters to no simulation.
    package mutating func below(_ bound: Int) -> Int {
        Int(truncatingIfNeeded: next() % UInt64(bound))
    }

    /// True `count` times out of `outOf`.
    package mutating func chance(_ count: Int, outOf: Int) -> Bool {
        below(outOf) < count
    }

    /// A number that depends on all bits of `value`.
    package static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
