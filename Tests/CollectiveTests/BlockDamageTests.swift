import Collective
import Testing

/// Coded blocks from a faulty or hostile peer.
@Suite struct BlockDamageTests {
    /// A block with zero, stored and compressed planes, and a raw one.
    static func blocks() -> [[UInt8]] {
        let workspace = BlockWorkspace()
        let noise = BlockCodecTests.Contents.uniform.values(100)
        let mixed = BlockCodecTests.Contents.gradients.values(1000).enumerated().map {
            $0 < 500 ? $1 >> 6 : $1
        }
        return [encode(mixed, workspace), encode(noise, workspace)]
    }

    static func elements(_ bytes: [UInt8]) -> Int { Int(bytes[4]) | Int(bytes[5]) << 8 }

    @Test func blocksAreOfBothCodings() {
        #expect(Self.blocks().map { $0[8] } == [1, 0])
    }

    /// Any single damaged byte, any shortening: an error, and nothing changed.
    @Test func damageIsSeen() {
        let workspace = BlockWorkspace()
        for block in Self.blocks() {
            let before = [Int32](repeating: 77, count: Self.elements(block))
            var damaged: [[UInt8]] = stride(from: 0, to: block.count, by: 7).map { offset in
                var bytes = block
                bytes[offset] ^= 1 << UInt8(offset % 8)
                return bytes
            }
            damaged += stride(from: 0, to: block.count, by: 13).map { Array(block[..<$0]) }
            damaged += [block + [0], block + block, []]
            for bytes in damaged {
                var values = before
                #expect(throws: CollectiveError.self) { try add(bytes, to: &values, workspace) }
                #expect(values == before)
                #expect(throws: CollectiveError.self) { try decode(bytes, over: &values, workspace) }
                #expect(values == before)
            }
        }
    }

    /// With a checksum that fits, so that the parser behind it sees the damage: a field and the word in the
    /// error.
    @Test(arguments: [
        (4, 0xe9, "elements"), (7, 0x80, "elements"), (8, 2, "coding"), (9, 1, "coding"), (11, 255, "coding"),
        (8, 0, "bytes"), (12, 0xff, "plane"), (19, 0x03, "coding of plane 28"), (19, 0x40, "plane"),
    ])
    func badFields(offset: Int, value: UInt8, field: String) {
        var bytes = Self.blocks()[0]
        bytes[offset] = value
        var values = [Int32](repeating: 77, count: 1000)
        let error = #expect(throws: CollectiveError.self) {
            try decode(sealed(bytes), over: &values, BlockWorkspace())
        }
        #expect(error?.description.contains(field) == true)
        #expect(error?.description.contains("\n") == false)
        #expect(values == [Int32](repeating: 77, count: 1000))
    }

    @Test func wrongElementCount() {
        let workspace = BlockWorkspace()
        for count in [0, 1, 999, 1001, Partition.blockElementsMax] {
            var values = [Int32](repeating: 77, count: count)
            #expect(throws: CollectiveError.self) {
                try decode(Self.blocks()[0], over: &values, workspace)
            }
        }
        var none: [Int32] = []
        let empty = encode([], workspace)
        #expect(throws: Never.self) { try decode(empty, over: &none, workspace) }
        var planes = empty
        planes[8] = 1
        #expect(throws: CollectiveError.self) { try decode(sealed(planes), over: &none, workspace) }
    }

    /// Damage under a checksum that fits: it decodes to something or throws, and never partly.
    @Test func fuzz() {
        let workspace = BlockWorkspace()
        var generator = SeededGenerator(4)
        let blocks = Self.blocks()
        for round in 0..<600 {
            var bytes = blocks[round % 2]
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let bound = Bool.random(using: &generator) ? min(40, bytes.count) : bytes.count
                bytes[Int.random(in: 4..<bound, using: &generator)] = generator.bytes(1)[0]
            }
            if round % 5 == 0 { bytes.removeLast(Int.random(in: 0...bytes.count - 4, using: &generator)) }
            let before = [Int32](repeating: 77, count: Self.elements(blocks[round % 2]))
            var values = before
            do throws(CollectiveError) {
                try decode(sealed(bytes), over: &values, workspace)
            } catch {
                #expect(values == before)
            }
        }
    }

    @Test func noise() {
        let workspace = BlockWorkspace()
        var generator = SeededGenerator(5)
        for _ in 0..<300 {
            var bytes = generator.bytes(Int.random(in: 12...700, using: &generator))
            bytes.replaceSubrange(4..<12, with: [200, 0, 0, 0, 1, 0, 0, 0])
            var values = [Int32](repeating: 77, count: 200)
            #expect(throws: CollectiveError.self) { try decode(sealed(bytes), over: &values, workspace) }
            #expect(values == [Int32](repeating: 77, count: 200))
        }
    }
}
