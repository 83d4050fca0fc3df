import Collective
import Testing

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
            kind: .reduced, run: Array(repeating: 255, count: 16), generation: .max, step: .max,
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
        #expect(bytes.count == 60)
        #expect(Array(bytes[..<8]) == Array("ESPB".utf8) + [1, 1, 0, 0])
        #expect(Array(bytes[8..<24]) == Array(1...16))
        #expect(Array(bytes[24..<32]) == [8, 7, 6, 5, 4, 3, 2, 1])
        #expect(Array(bytes[40..<60]) == [3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 0, 0, 2, 0, 2, 0, 1, 2])
    }

    @Test func refusesEveryOtherLength() {
        let bytes = Self.headers[2].encoded()
        for count in 0..<bytes.count {
            #expect(throws: CollectiveError.self) { try Self.decode(Array(bytes[..<count])) }
        }
        #expect(throws: CollectiveError.self) { try Self.decode(bytes + [0]) }
    }

    /// A byte of the header and a value it can't have.
    @Test(arguments: [
        (0, 0, "magic"), (3, 0x43, "magic"), (4, 2, "version"), (4, 0, "version"), (5, 0, "kind"),
        (5, 3, "kind"),
        (6, 1, "reserved"), (7, 1, "reserved"), (52, 1, "elements"), (55, 255, "elements"), (56, 1, "bytes"),
        (57, 255, "bytes"), (59, 0, "bitmap"),
    ])
    func refusesBadFields(offset: Int, value: UInt8, field: String) {
        var bytes = Self.example.encoded()
        bytes[offset] = value
        let error = #expect(throws: CollectiveError.self) { try Self.decode(bytes) }
        #expect(error?.description.contains(field) == true)
        #expect(error?.description.contains("\n") == false)
    }

    /// Whatever parses is what would have been written.
    @Test func fuzz() {
        var generator = SeededGenerator(2)
        for _ in 0..<2000 {
            var bytes = Self.example.encoded()
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = generator.bytes(1)[0]
            }
            if Bool.random(using: &generator) { bytes += generator.bytes(Int(bytes[56])) }
            if let header = try? Self.decode(bytes) { #expect(header.encoded() == bytes) }
        }
    }
}
