import Collective
import Testing

@Suite struct PartitionTests {
    static let cases: [(count: Int, parts: Int)] = [
        (0, 1), (0, 3), (1, 1), (1, 4), (63, 2), (64, 1), (65, 2), (1000, 7), (1000, 1000), (273_258, 2),
        (273_258, 64), (853_018, 3), (853_018, 16), (1 << 17, 1), ((1 << 17) + 1, 1), (25_600_000, 1),
        (25_600_001, 5), (25_600_000, 16), (138_000_000, 256),
    ]

    /// Parts cover the vector in order, blocks cover their part in order.
    @Test(arguments: cases)
    func covers(count: Int, parts: Int) {
        let partition = Partition(count: count, parts: parts)
        var end = 0
        for part in 0..<parts {
            let range = partition.range(ofPart: part)
            #expect(range.lowerBound == end)
            for block in partition.blocks(ofPart: part) {
                #expect(block.lowerBound == end)
                #expect(!block.isEmpty && block.count <= Partition.blockElementsMax)
                #expect(block.lowerBound % 64 == 0)
                end = block.upperBound
            }
            #expect(range.upperBound == end)
        }
        #expect(end == count)
    }

    /// Parts differ by at most two granules: the one by which they may differ, and the vector's ragged end. A
    /// granule is at most an eighth of a part, or 64 elements.
    @Test(arguments: cases)
    func fair(count: Int, parts: Int) throws {
        let partition = Partition(count: count, parts: parts)
        let sizes = (0..<parts).map { partition.range(ofPart: $0).count }
        let (smallest, largest) = (try #require(sizes.min()), try #require(sizes.max()))
        #expect(largest - smallest <= max(2 * 64, 2 * count / parts / 8))
    }

    @Test func pinned() {
        // All replicas must cut alike, whatever their version: these may not change.
        let small = Partition(count: 1000, parts: 3)
        #expect((0..<3).map { small.range(ofPart: $0) } == [0..<384, 384..<704, 704..<1000])
        let large = Partition(count: 1_000_000, parts: 2)
        #expect((0..<2).map { large.range(ofPart: $0) } == [0..<507_904, 507_904..<1_000_000])
        #expect(
            large.blocks(ofPart: 1)
                == [507_904..<638_976, 638_976..<770_048, 770_048..<901_120, 901_120..<1_000_000])
        #expect(small != large && small == Partition(count: 1000, parts: 3))
    }

    @Test func rawBlockFitsAMessage() {
        let byteCount = BlockCodec.encodedByteCountMax(elements: Partition.blockElementsMax)
        #expect(byteCount + BlockHeader.byteCountMax <= 1 << 20)
    }
}
