import Collective
import Testing

@Suite struct GatheringTests {
    static let count = 300_001
    static let parts = 3
    static let vector = (0..<count).map { Int32(truncatingIfNeeded: $0 &* 2_654_435_761) >> 9 }
    let workspace = BlockWorkspace()

    static func make() -> (gathering: Gathering, blocks: [(part: Int, block: Int, range: Range<Int>)]) {
        let partition = Partition(count: count, parts: parts)
        let blocks = (0..<parts).flatMap { part in
            partition.blocks(ofPart: part).enumerated().map { (part, $0.offset, $0.element) }
        }
        return (Gathering(partition: partition, parts: parts, count: count), blocks)
    }

    func take(
        _ part: Int, _ block: Int, _ values: ArraySlice<Int32>, coded: Bool, by gathering: Gathering
    ) throws -> Bool {
        let values = Array(values)
        if coded {
            return try encode(values, workspace).withUnsafeBytes { bytes throws in
                try gathering.take(part: part, block: block, bytes: bytes, workspace: workspace)
            }
        }
        return try values.withUnsafeBufferPointer { values throws in
            try gathering.take(part: part, block: block, values: values)
        }
    }

    /// In any order, with every block sent twice: the last missing one completes the vector, once.
    @Test(arguments: [true, false])
    func gathers(coded: Bool) throws {
        var generator = SeededGenerator(7)
        let (gathering, blocks) = Self.make()
        for _ in 0..<2 {
            var completions = 0
            var seen: Set<Int> = []
            for (part, block, range) in (blocks + blocks).shuffled(using: &generator) {
                #expect(gathering.contains(part: part, block: block) == seen.contains(range.lowerBound))
                let complete = try take(part, block, Self.vector[range], coded: coded, by: gathering)
                completions += complete ? 1 : 0
                seen.insert(range.lowerBound)
                #expect(gathering.isComplete == (seen.count == blocks.count))
            }
            #expect(completions == 1)
            #expect(gathering.values.elementsEqual(Self.vector))
            gathering.reset()
            #expect(!gathering.isComplete)
        }
    }

    /// A block that has come is not overwritten, not even looked at.
    @Test func duplicatesAreIgnored() throws {
        let (gathering, blocks) = Self.make()
        for (part, block, range) in blocks {
            _ = try take(part, block, Self.vector[range], coded: true, by: gathering)
        }
        #expect(try !take(0, 0, [1, 2, 3], coded: true, by: gathering))
        #expect(try !take(0, 0, [1, 2, 3], coded: false, by: gathering))
        #expect(gathering.values.elementsEqual(Self.vector))
    }

    @Test func refuses() throws {
        let (gathering, blocks) = Self.make()
        for (part, block) in [(-1, 0), (3, 0), (.max, 0), (.min, 0), (0, -1), (0, 100), (0, .max), (0, .min)]
        {
            #expect(throws: CollectiveError.self) { try take(part, block, [], coded: true, by: gathering) }
            #expect(throws: CollectiveError.self) { try take(part, block, [], coded: false, by: gathering) }
            #expect(!gathering.contains(part: part, block: block))
        }
        let (part, block, range) = blocks[1]
        var damaged = encode(Array(Self.vector[range]), workspace)
        damaged[damaged.count / 2] ^= 1
        #expect(throws: CollectiveError.self) {
            try damaged.withUnsafeBytes {
                try gathering.take(part: part, block: block, bytes: $0, workspace: workspace)
            }
        }
        #expect(throws: CollectiveError.self) {
            try take(part, block, Self.vector[range].dropLast(), coded: false, by: gathering)
        }
        #expect(!gathering.contains(part: part, block: block) && !gathering.isComplete)
    }

    @Test func emptyVector() {
        let gathering = Gathering(partition: Partition(count: 0, parts: 2), parts: 2, count: 0)
        #expect(gathering.isComplete && gathering.values.isEmpty)
        #expect(throws: CollectiveError.self) { try take(0, 0, [], coded: true, by: gathering) }
    }
}
