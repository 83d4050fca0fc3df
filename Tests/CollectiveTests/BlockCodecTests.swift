import Collective
import Testing

@Suite struct BlockCodecTests {
    static let counts = [
        0, 1, 7, 8, 9, 63, 64, 65, 511, 512, 513, 1000, 1024, 16_384, 100_001, Partition.blockElementsMax,
    ]

    /// What a block may hold, by name.
    enum Contents: CaseIterable {
        case zero, one, minusOne, least, most, extremes, small, gradients, uniform, sparse, ramp

        func values(_ count: Int) -> [Int32] {
            var generator = SeededGenerator(UInt64(count))
            return (0..<count).map { index in
                switch self {
                case .zero: 0
                case .one: 1
                case .minusOne: -1
                case .least: .min
                case .most: .max
                case .extremes: [.min, .max, 0, -1, 1][index % 5]
                case .small: Int32(truncatingIfNeeded: generator.next() % 5) - 2
                case .gradients: Int32(generator.gaussian() * 0x1p18)
                case .uniform: Int32(truncatingIfNeeded: generator.next())
                case .sparse: index % 97 == 5 ? Int32(truncatingIfNeeded: generator.next()) : 0
                case .ramp: Int32(index) &* 40_503
                }
            }
        }
    }

    @Test(arguments: counts, Contents.allCases)
    func roundTrip(count: Int, contents: Contents) throws {
        let workspace = BlockWorkspace()
        let values = contents.values(count)
        let bytes = encode(values, workspace)
        #expect(bytes.count <= BlockCodec.encodedByteCountMax(elements: count))
        var decoded = [Int32](repeating: 77, count: count)
        try decode(bytes, over: &decoded, workspace)
        #expect(decoded == values)
        try add(bytes, to: &decoded, workspace)
        #expect(decoded == values.map { $0 &+ $0 })
    }

    /// A workspace that other blocks have used gives the same bytes.
    @Test func workspaceLeavesNoTrace() throws {
        let used = BlockWorkspace()
        for contents in Contents.allCases {
            for count in [Partition.blockElementsMax, 1000, 65] {
                let values = contents.values(count)
                let bytes = encode(values, used)
                #expect(bytes == encode(values, BlockWorkspace()))
                var decoded = [Int32](repeating: 0, count: count)
                try decode(bytes, over: &decoded, used)
                #expect(decoded == values)
            }
        }
    }

    /// The planes as the format says, made here bit by bit and stored uncompressed.
    @Test(arguments: [33, 64, 500, 512, 700, 1024, 1500])
    func decodesTheFormatAsWritten(count: Int) throws {
        let values = Contents.gradients.values(count).map { $0 >> 2 }
        let zigzag = values.map { UInt32(bitPattern: ($0 << 1) ^ ($0 >> 31)) }
        var kinds: UInt64 = 0
        var planes: [UInt8] = []
        for plane in (0..<32).reversed() {
            let bits = zigzag.map { UInt8($0 >> UInt32(plane) & 1) }
            guard bits.contains(1) else { continue }
            kinds |= 1 << UInt64(2 * plane)
            planes += stride(from: 0, to: count, by: 8).map { first in
                bits[first..<min(first + 8, count)].enumerated().reduce(0) { $0 | $1.element << $1.offset }
            }
        }
        var bytes = [UInt8](repeating: 0, count: 20)
        for index in 0..<4 { bytes[4 + index] = UInt8(truncatingIfNeeded: count >> (8 * index)) }
        bytes[8] = 1
        for index in 0..<8 { bytes[12 + index] = UInt8(truncatingIfNeeded: kinds >> UInt64(8 * index)) }
        bytes = sealed(bytes + planes)
        var decoded = [Int32](repeating: 0, count: count)
        try decode(bytes, over: &decoded, BlockWorkspace())
        #expect(decoded == values)
    }

    /// Gradients whose largest sum is between 2^21 and 2^22, as 24-bit coding makes them: bytes to those of
    /// fp32.
    @Test(arguments: [0x1p18, 0x1p19, 0x1p20])
    func gradientsShrink(sigma: Double) throws {
        var generator = SeededGenerator(3)
        let values = (0..<Partition.blockElementsMax).map { _ in Int32(generator.gaussian() * sigma) }
        let bytes = encode(values, BlockWorkspace())
        #expect(Double(bytes.count) / Double(4 * values.count) <= 0.72)
    }

    @Test func noiseIsSentRaw() {
        let values = Contents.uniform.values(1000)
        let bytes = encode(values, BlockWorkspace())
        #expect(bytes.count == 12 + 4000)
        #expect(bytes[8] == 0)
        #expect(Array(bytes[12...]) == values.withUnsafeBytes { Array($0) })
    }

    @Test func addingWraps() throws {
        let workspace = BlockWorkspace()
        var sums: [Int32] = [.max, .min, 5]
        try add(encode([1, -1, -6], workspace), to: &sums, workspace)
        #expect(sums == [.min, .max, -1])
    }

    /// The checksum is CRC-32C, whose check value is published.
    @Test func checksumIsCRC32C() {
        #expect(checksum("123456789".utf8) == 0xe306_9283)
        let bytes = encode(Contents.gradients.values(1000), BlockWorkspace())
        #expect(sealed(bytes) == bytes)
    }
}
