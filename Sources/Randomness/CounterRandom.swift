/// Random numbers as a function of (seed, stream, index): no state is carried from one draw to the next, so
/// whoever draws, in whatever order, gets the same numbers.
///
/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
public struct CounterRandom: Sendable {
    private let key: (UInt32, UInt32)
    private let stream: UInt64

    /// - Parameters:
    ///   - seed: the run's seed.
    ///   - stream: what the numbers are for; see ``stream(_:)`` to make one from names and integers.
    public init(seed: UInt64, stream: UInt64) {
        key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        self.stream = stream
    }

    /// The four 32-bit words of block `index` of this stream.
    public func block(_ index: UInt64) -> SIMD4<UInt32> {
        var counter = SIMD4<UInt32>(
            UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32),
            UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32))
        var (key0, key1) = key
        for _ in 0..<10 {
            let product0 = UInt64(0xD251_1F53) * UInt64(counter[0])
            let product1 = UInt64(0xCD9E_8D57) * UInt64(counter[2])
            counter = SIMD4(
                UInt32(truncatingIfNeeded: product1 >> 32) ^ counter[1] ^ key0,
                UInt32(truncatingIfNeeded: product1),
                UInt32(truncatingIfNeeded: product0 >> 32) ^ counter[3] ^ key1,
                UInt32(truncatingIfNeeded: product0))
            key0 &+= 0x9E37_79B9
            key1 &+= 0xBB67_AE85
        }
        return counter
    }

    /// Draw `index` of this stream: 64 uniform bits.
    public func bits(_ index: UInt64) -> UInt64 {
        let words = block(index >> 1)
        return index & 1 == 0
            ? UInt64(words[0]) | UInt64(words[1]) << 32 : UInt64(words[2]) | UInt64(words[3]) << 32
    }

    /// Draw `index` of this stream, uniform in [0, 1) with 53 bits.
    public func uniform(_ index: UInt64) -> Double {
        Double(bits(index) >> 11) * 0x1p-53
    }

    /// Draw `index` of this stream, uniform in 0..<bound without bias worth speaking of (bound ≪ 2⁶⁴).
    public func integer(_ index: UInt64, below bound: Int) -> Int {
        Int(bits(index).multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// A stream's number from a name and integers, e.g. `stream("augment", epoch, sample)`: FNV-1a with a
    /// final mix.
    public static func stream(_ name: String, _ numbers: Int...) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        for number in numbers {
            hash = (hash ^ UInt64(bitPattern: Int64(number))) &* 0x100_0000_01B3
            hash ^= hash >> 32
            hash = hash &* 0xD6E8_FEB8_6659_FD93
        }
        hash ^= hash >> 32
        hash = hash &* 0xD6E8_FEB8_6659_FD93
        return hash ^ hash >> 32
    }
}
