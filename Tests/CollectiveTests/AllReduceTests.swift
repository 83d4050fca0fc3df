import Collective
import Testing

/// A whole all-reduce in memory: shards spread over workers at random, one owner a part, messages in random
/// order with duplicates. Every worker ends with the plain sum.
@Suite struct AllReduceTests {
    static let shards = 12

    @Test(arguments: [(1, 1), (2, 1), (3, 40), (2, 5000), (5, 70_000), (4, 0)])
    func everyWorkerGetsThePlainSum(workers: Int, count: Int) throws {
        var generator = SeededGenerator(UInt64(8 + workers))
        let perShard = (0..<Self.shards).map { _ in
            (0..<count).map { _ in Int32(truncatingIfNeeded: generator.next() >> 40) - (1 << 23) }
        }
        let expected = (0..<count).map { element in perShard.reduce(0) { $0 &+ $1[element] } }
        let owners = (0..<Self.shards).map { _ in Int.random(in: 0..<workers, using: &generator) }
        let partition = Partition(count: count, parts: workers)
        let workspace = BlockWorkspace()

        var reduced: [(part: Int, block: Int, bytes: [UInt8])] = []
        for part in 0..<workers {
            let reducer = PartReducer(
                range: partition.range(ofPart: part), blocks: partition.blocks(ofPart: part),
                shards: Self.shards)
            var messages: [(block: Int, shards: ShardSet, bytes: [UInt8])] = []
            for worker in 0..<workers {
                let own = owners.indices.filter { owners[$0] == worker }
                for (block, range) in partition.blocks(ofPart: part).enumerated() where !own.isEmpty {
                    let sums = range.map { element in own.reduce(0) { $0 &+ perShard[$1][element] } }
                    messages.append((block, ShardSet(own), encode(sums, workspace)))
                }
            }
            for message in (messages + messages.dropFirst()).shuffled(using: &generator) {
                let outcome = try message.bytes.withUnsafeBytes {
                    try reducer.contribute(
                        block: message.block, shards: message.shards, bytes: $0, workspace: workspace)
                }
                #expect(outcome != .unusable)
                guard case .blockComplete(let block) = outcome else { continue }
                reduced.append((part, block, encode(Array(reducer.values(ofBlock: block)), workspace)))
            }
            #expect(reducer.isComplete)
        }
        for _ in 0..<workers {
            let gathering = Gathering(partition: partition, parts: workers, count: count)
            for message in reduced.shuffled(using: &generator) {
                _ = try message.bytes.withUnsafeBytes {
                    try gathering.take(
                        part: message.part, block: message.block, bytes: $0, workspace: workspace)
                }
            }
            #expect(gathering.isComplete && gathering.values.elementsEqual(expected))
        }
    }
}
