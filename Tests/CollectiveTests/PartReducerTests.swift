import Collective
import Testing

@Suite struct PartReducerTests {
    static let shards = 4
    static let range = 100..<150
    static let blocks = [100..<130, 130..<150]
    let workspace = BlockWorkspace()

    /// What shard `shard` has for an element of the flat vector.
    static func value(_ shard: Int, _ element: Int) -> Int32 { Int32((shard + 1) * 1000 + element) }

    /// The sum over shards, for a block.
    static func sums(_ shards: some Sequence<Int>, block: Int) -> [Int32] {
        blocks[block].map { element in shards.reduce(0) { $0 + value($1, element) } }
    }

    static func reducer() -> PartReducer { PartReducer(range: range, blocks: blocks, shards: shards) }

    func contribute(
        _ shards: [Int], block: Int, to reducer: PartReducer, coded: Bool
    ) throws -> PartReducer.Outcome {
        let values = Self.sums(shards, block: block)
        let set = ShardSet(shards)
        if coded {
            let bytes = encode(values, workspace)
            return try bytes.withUnsafeBytes { bytes throws in
                try reducer.contribute(block: block, shards: set, bytes: bytes, workspace: workspace)
            }
        }
        return try values.withUnsafeBufferPointer { values throws in
            try reducer.contribute(block: block, shards: set, values: values)
        }
    }

    /// Contributions to block 0 in order, and what becomes of each.
    @Test(
        arguments: [
            ([([0, 1, 2, 3], .blockComplete(0))]),
            ([([0, 1], .accepted), ([2, 3], .blockComplete(0))]),
            ([([3], .accepted), ([0, 2], .accepted), ([1], .blockComplete(0))]),
            ([([0, 1], .accepted), ([0, 1], .duplicate), ([1], .duplicate), ([2, 3], .blockComplete(0))]),
            ([([0, 1], .accepted), ([1, 2], .unusable), ([2], .accepted), ([3], .blockComplete(0))]),
            ([([0, 1], .accepted), ([0, 1, 2, 3], .unusable), ([2, 3], .blockComplete(0))]),
            ([([0, 1, 2, 3], .blockComplete(0)), ([0, 1, 2, 3], .duplicate), ([2], .duplicate)]),
            ([([], .duplicate), ([0, 1, 2, 3], .blockComplete(0)), ([], .duplicate)]),
        ] as [[([Int], PartReducer.Outcome)]],
        [true, false])
    func outcomes(contributions: [([Int], PartReducer.Outcome)], coded: Bool) throws {
        let reducer = Self.reducer()
        // The second round is another step in the same memory.
        for _ in 0..<2 {
            for (shards, expected) in contributions {
                #expect(try contribute(shards, block: 0, to: reducer, coded: coded) == expected)
            }
            #expect(Array(reducer.values(ofBlock: 0)) == Self.sums(0..<4, block: 0))
            #expect(!reducer.isComplete)
            #expect(try contribute([0, 1, 2, 3], block: 1, to: reducer, coded: coded) == .blockComplete(1))
            #expect(reducer.isComplete)
            reducer.reset()
            #expect(!reducer.isComplete && reducer.shards(ofBlock: 0).isEmpty)
        }
    }

    /// Every order of contributions of three workers to two blocks gives the same sums.
    @Test func orderIsIrrelevant() throws {
        var generator = SeededGenerator(6)
        let messages = [[0], [1, 3], [2]].flatMap { shards in [0, 1].map { (shards, $0) } }
        for _ in 0..<30 {
            let reducer = Self.reducer()
            for (shards, block) in (messages + messages).shuffled(using: &generator) {
                _ = try contribute(shards, block: block, to: reducer, coded: Bool.random(using: &generator))
            }
            #expect(reducer.isComplete)
            for block in 0..<2 {
                #expect(Array(reducer.values(ofBlock: block)) == Self.sums(0..<4, block: block))
            }
        }
    }

    /// A damaged message, as the first one or a later one, changes nothing; the same one whole is then
    /// accepted.
    @Test(arguments: [[], [0, 1]])
    func damageLeavesTheSums(before: [Int]) throws {
        let reducer = Self.reducer()
        if !before.isEmpty { _ = try contribute(before, block: 0, to: reducer, coded: true) }
        let bytes = encode(Self.sums([2, 3], block: 0), workspace)
        for offset in bytes.indices {
            var damaged = bytes
            damaged[offset] ^= 0x10
            #expect(throws: CollectiveError.self) {
                try damaged.withUnsafeBytes {
                    try reducer.contribute(
                        block: 0, shards: ShardSet([2, 3]), bytes: $0, workspace: workspace)
                }
            }
            #expect(reducer.shards(ofBlock: 0) == ShardSet(before))
        }
        #expect(throws: CollectiveError.self) {
            let short: [Int32] = [1, 2, 3]
            return try short.withUnsafeBufferPointer {
                try reducer.contribute(block: 0, shards: ShardSet([2, 3]), values: $0)
            }
        }
        _ = try contribute([2, 3], block: 0, to: reducer, coded: true)
        if before.isEmpty { _ = try contribute([0, 1], block: 0, to: reducer, coded: true) }
        #expect(Array(reducer.values(ofBlock: 0)) == Self.sums(0..<4, block: 0))
    }

    /// A block and shards that the part does not have.
    @Test(arguments: [
        (-1, [0]), (2, [0]), (.max, [0]), (.min, [0]), (0, [4]), (0, [0, 4095]),
    ])
    func refusesUnknown(block: Int, shards: [Int]) throws {
        let reducer = Self.reducer()
        let bytes = encode(Self.sums([0], block: 0), workspace)
        #expect(throws: CollectiveError.self) {
            try bytes.withUnsafeBytes {
                try reducer.contribute(
                    block: block, shards: ShardSet(shards), bytes: $0, workspace: workspace)
            }
        }
        #expect(reducer.shards(ofBlock: 0).isEmpty && reducer.shards(ofBlock: 1).isEmpty)
    }

    @Test func emptyPart() {
        let reducer = PartReducer(range: 7..<7, blocks: [], shards: 1)
        #expect(reducer.isComplete)
        reducer.reset()
        #expect(reducer.isComplete)
    }

    @Test func sumsWrap() throws {
        let reducer = PartReducer(range: 0..<2, blocks: [0..<2], shards: 2)
        for shard in 0..<2 {
            let bytes = encode([.max, .min], workspace)
            _ = try bytes.withUnsafeBytes {
                try reducer.contribute(block: 0, shards: ShardSet([shard]), bytes: $0, workspace: workspace)
            }
        }
        #expect(Array(reducer.values(ofBlock: 0)) == [-2, 0])
    }
}
