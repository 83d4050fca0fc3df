import NeuralNet
import TensorCore
import Testing

@testable import Training

/// A replica's sums and states do not depend on who computes what.
struct ReplicaTests {
    /// Each list is one worker's shards.
    static let divisions: [[[Int]]] = [
        [[0, 1, 2, 3]], [[3, 1, 0, 2]], [[0, 1], [2, 3]], [[3], [0, 2], [1]], [[1], [], [0], [3], [2]],
    ]

    /// The integers of the next step with its shards divided so: all replicas are redone with the union of
    /// the overflows, as the coordinator has it done.
    private func sums(_ replicas: [Replica], _ division: [[Int]]) throws -> [Int32] {
        var overflows: [Overflow] = []
        while true {
            var total: [Int32] = []
            var found: [Int: Float] = [:]
            for (replica, shards) in zip(replicas, division) {
                for overflow in try replica.compute(shards: shards, overflows: overflows) {
                    found[overflow.segment] = max(overflow.magnitude, found[overflow.segment] ?? 0)
                }
                guard !shards.isEmpty else { continue }
                if total.isEmpty { total = Array(replica.vector) } else { total.add(replica.vector) }
            }
            guard !found.isEmpty else { return total }
            overflows = found.keys.sorted().map { Overflow(segment: $0, magnitude: found[$0]!) }
        }
    }

    @Test(
        .timeLimit(.minutes(20)),
        arguments: divisions.map { (0, $0) } + [(3, divisions[1]), (3, divisions[3])])
    func sumsDoNotShowWhoComputed(searchSteps: Int, division: [[Int]]) throws {
        let definition = try TestDefinitions.make(searchSteps: searchSteps)
        let alone = try TestDefinitions.replica(definition)
        let crew = try division.indices.map { try TestDefinitions.replica(definition, threads: 1 + $0 % 3) }
        for step in 0..<2 {
            let expected = try sums([alone], [[0, 1, 2, 3]])
            #expect(try sums(crew, division) == expected, "step \(step)")
            for replica in [alone] + crew {
                let metrics = expected.withUnsafeBufferPointer(replica.apply)
                #expect(metrics.images == 64)
            }
            #expect(crew.allSatisfy { $0.digest() == alone.digest() }, "after step \(step)")
        }
    }

    @Test(.timeLimit(.minutes(20))) func pruneIsTheSameOnAllReplicas() throws {
        let definition = try TestDefinitions.make(searchSteps: 2)
        let replicas = try [1, 3].map { try TestDefinitions.replica(definition, threads: $0) }
        for replica in replicas {
            for _ in 0..<2 { _ = try LocalSearch.step(replica) }
            try replica.reshape(try #require(try LocalSearch.decide(replica).plan))
            _ = try LocalSearch.step(replica)
        }
        #expect(replicas[0].plan == replicas[1].plan)
        #expect(replicas[0].digest() == replicas[1].digest())
        #expect(replicas[0].model is PlainModel && replicas[0].step == 3)
    }

    @Test(.timeLimit(.minutes(20))) func evaluationCountsEveryImageOnce() throws {
        let replica = try TestDefinitions.replica(TestDefinitions.make())
        let counts = try [3, 0, 2, 1].map { try replica.evaluate(shard: $0) }
        #expect(counts.map(\.images) == [2, 16, 16, 16])
        // Neither the order nor what else was counted shows.
        #expect(try replica.evaluate(shard: 0) == counts[1])
        #expect(counts.allSatisfy { $0.top1 <= $0.top5 && $0.top5 <= $0.images && $0.lossSum > 0 })
    }
}
