import Testing

@testable import Collective

@Suite struct BlockHeaderTests {
    static let example = BlockHeader(
        kind: .contribution, run: Array(1...16), generation: 0x0102_0304_0506_0708, step: .max, attempt: 3,
        part: 4, block: 5, elements: 131_072, shards: ShardSet([0, 9]))

    static func decode(_ bytes: [UInt8]) throws -> BlockHeader {
        try bytes.withUnsafeBytes { try BlockHeader(decoding: $0) }
    }

    static let headers = [
        example,
        BlockHeader(
            kind: .reduced, run: Array(repeating: 0, count: 16), generation: 0, step: 0, attempt: 0, part: 0,
            block: 0, elements: 0, shards: ShardSet()),
        BlockHeader(
            kind: .history, run: Array(repeating: 255, count: 16), generation: .max, step: .max,
            attempt: .max,
            part: .max, block: .max, elements: 1, shards: .all(4096)),
    ]

    @Test(arguments: headers)
    func roundTrip(header: BlockHeader) throws {
        let bytes = header.encoded()
        #expect(bytes.count <= BlockHeader.byteCountMax)
        #expect(try Self.decode(bytes) == header)
    }

    @Test func layout() {
        let bytes = Self.example.encoded()
        #expect(bytes.count == 62)
        #expect(Array(bytes[..<4]) == Array("ESPB".utf8))
        #expect(Array(bytes[8..<16]) == [2, 1, 2, 0, 0, 0, 2, 0])
        #expect(Array(bytes[16..<32]) == Array(1...16))
        #expect(Array(bytes[32..<40]) == [8, 7, 6, 5, 4, 3, 2, 1])
        #expect(Array(bytes[48...]) == [3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 1, 2])
    }

    @Test func refusesEveryOtherLength() {
        let bytes = Self.headers[2].encoded()
        for count in 0..<bytes.count {
            #expect(throws: CollectiveError.self) { try Self.decode(Array(bytes[..<count])) }
        }
        #expect(throws: CollectiveError.self) { try Self.decode(bytes + [0]) }
    }

    /// With the right checksum, as from a wrong program.
    private static func sealed(_ bytes: [UInt8]) -> [UInt8] {
        let checksum = bytes.withUnsafeBytes { BlockHeader.checksum($0) }
        var sealed = bytes
        for byte in 0..<4 { sealed[4 + byte] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * byte)) }
        return sealed
    }

    /// A byte of the header and a value it can't have.
    @Test(arguments: [
        (0, 0, "magic"), (3, 0x43, "magic"), (8, 1, "version"), (8, 0, "version"), (9, 0, "kind"),
        (9, 4, "kind"), (12, 1, "elements"), (15, 255, "elements"), (10, 1, "bytes"), (11, 255, "bytes"),
        (61, 0, "bitmap"),
    ])
    func refusesBadFields(offset: Int, value: UInt8, field: String) {
        var bytes = Self.example.encoded()
        bytes[offset] = value
        let error = #expect(throws: CollectiveError.self) { try Self.decode(Self.sealed(bytes)) }
        #expect(error?.description.contains(field) == true)
        #expect(error?.description.contains("\n") == false)
    }

    /// A header that came damaged is never taken for another one.
    @Test func refusesEveryFlippedBit() {
        let bytes = Self.example.encoded()
        for bit in 0..<8 * bytes.count {
            var spoilt = bytes
            spoilt[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: CollectiveError.self) { try Self.decode(spoilt) }
        }
    }

    /// Whatever parses is what would have been written.
    @Test func fuzz() {
        var generator = SeededGenerator(2)
        for _ in 0..<2000 {
            var bytes = Self.example.encoded()
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = generator.bytes(1)[0]
            }
            if Bool.random(using: &generator) { bytes += generator.bytes(Int(bytes[10])) }
            bytes = Self.sealed(bytes)
            if let header = try? Self.decode(bytes) { #expect(header.encoded() == bytes) }
        }
    }
}
