import Collective
import Testing

@testable import Training

/// What a replica keeps of its shards, and what goes out in which generation.
struct HeldSumsTests {
    static let elements = 5

    /// A shard's contribution to each element.
    private func value(_ shard: Int) -> Int32 { 1 << Int32(shard) }

    private func compute(_ shards: [Int], _ sums: HeldSums, generation: UInt64) throws {
        for shard in shards {
            let (vector, isNew) = try sums.place(generation: generation)
            for index in 0..<Self.elements {
                vector[index] = (isNew ? 0 : vector[index]) + value(shard)
            }
            sums.add(shard)
        }
    }

    /// What goes out holds the shards that it names, each once.
    private func expect(
        _ unsent: HeldSums.Unsent?, _ shards: [Int], at location: SourceLocation = #_sourceLocation
    ) {
        #expect(unsent?.shards == (shards.isEmpty ? nil : ShardSet(shards)), sourceLocation: location)
        let sum = shards.reduce(0) { $0 + value($1) }
        #expect(unsent.map(\.vector)?.allSatisfy { $0 == sum } ?? true, sourceLocation: location)
    }

    @Test func oneShareGoesOutOnce() throws {
        let sums = try HeldSums(count: Self.elements)
        try compute([0, 3], sums, generation: 1)
        expect(sums.takeUnsent(generation: 1), [0, 3])
        expect(sums.takeUnsent(generation: 1), [])
        #expect(sums.shards == ShardSet([0, 3]))
    }

    @Test func nextGenerationGetsAllAgain() throws {
        let sums = try HeldSums(count: Self.elements)
        try compute([0, 3], sums, generation: 1)
        expect(sums.takeUnsent(generation: 1), [0, 3])
        try compute([1], sums, generation: 2)
        expect(sums.takeUnsent(generation: 2), [0, 1, 3])
        expect(sums.takeUnsent(generation: 3), [0, 1, 3])
    }

    /// Shards taken over from others follow those that went out, and go with them from then on.
    @Test func laterShardsOfAGenerationGoOutAlone() throws {
        let sums = try HeldSums(count: Self.elements)
        try compute([0], sums, generation: 1)
        expect(sums.takeUnsent(generation: 1), [0])
        try compute([4, 5], sums, generation: 1)
        expect(sums.takeUnsent(generation: 1), [4, 5])
        try compute([2], sums, generation: 1)
        expect(sums.takeUnsent(generation: 1), [2])
        expect(sums.takeUnsent(generation: 2), [0, 2, 4, 5])
    }

    /// A generation ends between computing and contributing.
    @Test func apartButNotSentIsMerged() throws {
        let sums = try HeldSums(count: Self.elements)
        try compute([0], sums, generation: 1)
        expect(sums.takeUnsent(generation: 1), [0])
        try compute([4], sums, generation: 1)
        try compute([5], sums, generation: 2)
        expect(sums.takeUnsent(generation: 2), [0, 4, 5])
        try compute([6], sums, generation: 2)
        #expect(sums.shards == ShardSet([0, 4, 5, 6]))
        expect(sums.takeUnsent(generation: 2), [6])
    }

    @Test func nothingIsLeftAfterAReset() throws {
        let sums = try HeldSums(count: Self.elements)
        try compute([0], sums, generation: 1)
        expect(sums.takeUnsent(generation: 1), [0])
        try compute([1], sums, generation: 1)
        sums.reset()
        #expect(sums.shards.isEmpty)
        expect(sums.takeUnsent(generation: 1), [])
        try compute([2], sums, generation: 1)
        expect(sums.takeUnsent(generation: 1), [2])
    }

    /// Any course of computing, contributing and new generations.
    @Test func anyCourse() throws {
        for _ in 0..<200 {
            let sums = try HeldSums(count: Self.elements)
            var (generation, sent, computed) = (UInt64(1), Set<Int>(), Set<Int>())
            for shard in (0..<16).shuffled() {
                try compute([shard], sums, generation: generation)
                computed.insert(shard)
                if Int.random(in: 0..<3) == 0 {
                    expect(sums.takeUnsent(generation: generation), computed.subtracting(sent).sorted())
                    sent = computed
                }
                if Int.random(in: 0..<4) == 0 {
                    generation += 1
                    sent = []
                }
            }
            expect(sums.takeUnsent(generation: generation + 1), Array(0..<16))
        }
    }
}
