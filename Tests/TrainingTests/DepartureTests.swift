import ClusterCore
import Collective
import NeuralNet
import Testing
import Transport

@testable import Training

/// Blocks that leave early have what those have that leave at the end.
@Suite struct DepartureTests {
    /// Two workers with half of the shards each: what the first one sends to the second, block by block.
    @Test func blocksLeaveOnceAndWhole() throws {
        let bench = try ReplicaBench(TestDefinitions.make(), run: .random())
        try bench.loadSeed()
        _ = bench.take()
        let replica = try bench.worker.held()
        let elements = replica.reduction.count
        var (attempt, overflows) = (UInt32(0), [WireOverflow]())
        while true {
            let work = StepWork(
                step: 0, attempt: attempt, generation: 1, shards: [0, 1], partOwners: [1, 2],
                overflows: overflows)
            let context = ReductionContext(
                run: bench.run, generation: 1, worker: 1, partition: Partition(count: elements, parts: 2),
                step: 0, attempt: attempt)
            try bench.worker.compute(work, context, bench.queue, bench.queue.add(work))
            let computed = bench.take()
            overflows = computed.flatMap { output -> [WireOverflow] in
                if case .event(.computed(let computed)) = output { computed.overflows } else { [] }
            }
            attempt += 1
            guard overflows.isEmpty else { continue }
            let early = blocks(computed)
            #expect(!early.isEmpty, "something leaves before the share is complete")
            try bench.worker.perform(.contribute(work, context))
            let late = blocks(bench.take())
            #expect(!late.isEmpty, "the metrics are known at the end only")
            #expect(Set(early).isDisjoint(with: late))
            let partition = Partition(count: elements, parts: 2)
            #expect(early.count + late.count == (0..<2).reduce(0) { $0 + partition.blocks(ofPart: $1).count })
            return
        }
    }

    /// Parts and blocks of contributions, "part block".
    private func blocks(_ outputs: [ReplicaOutput]) -> [String] {
        outputs.flatMap { output -> [String] in
            guard case .contributions(let contributions) = output else { return [] }
            #expect(contributions.shards == ShardSet([0, 1]))
            let away = contributions.messages.compactMap { message in
                try? message.frames[0].withUnsafeBytes { bytes throws(CollectiveError) in
                    try BlockHeader(decoding: bytes)
                }
            }
            return contributions.own.map { "\($0.part) \($0.block)" } + away.map { "\($0.part) \($0.block)" }
        }
    }
}
