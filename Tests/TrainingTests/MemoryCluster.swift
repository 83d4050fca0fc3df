import Collective
import TensorCore
import Transport

@testable import ClusterCore
@testable import Training

/// The reductions of several workers, with a pile of messages in place of a network.
final class MemoryCluster {
    struct Message {
        let receiver: UInt32
        let frames: [Frame]
    }

    let run = RunID.random()
    let elements: Int
    let shards: Int
    let members: [UInt32]
    private let pool = ComputePool(threads: 2)
    private var reductions: [UInt32: Reduction] = [:]
    private var pile: [Message] = []
    private var random = SystemRandomNumberGenerator()

    init(workers: Int, elements: Int, shards: Int) {
        // Numbers are names: they need not begin at 1 nor follow each other.
        members = (0..<workers).map { UInt32(3 + 2 * $0) }
        self.elements = elements
        self.shards = shards
        for member in members {
            reductions[member] = Reduction(
                context(member, step: 0), elements: elements, shards: shards, owners: members,
                others: members.filter { $0 != member })
        }
    }

    func context(_ member: UInt32, step: Int) -> ReductionContext {
        ReductionContext(
            run: run, generation: 1, worker: member,
            partition: Partition(count: elements, parts: members.count),
            step: step, attempt: 0)
    }

    func reduction(_ member: UInt32) -> Reduction { reductions[member]! }

    /// Reduces one step; messages arrive in any order, some of them twice.
    ///
    /// - Parameter sums: by shard.
    /// - Returns: what each worker has gathered, in the order of ``members``.
    func reduce(step: Int, _ sums: [[Int32]]) throws -> [[Int32]] {
        let shares = ShardDeal.deal(
            Array(0..<shards), seconds: Dictionary(uniqueKeysWithValues: members.map { ($0, 1) }))
        for member in members { reduction(member).restart(context(member, step: step)) }
        for member in members.shuffled() {
            guard let share = shares[member] else { continue }
            var total = sums[share[0]]
            for shard in share.dropFirst() { sums[shard].withUnsafeBufferPointer { total.add($0) } }
            let contributions = total.withUnsafeBufferPointer {
                context(member, step: step).contributions(
                    of: $0, shards: ShardSet(share), owners: members, pool: pool)
            }
            pile(try reduction(member).contribute(contributions))
            try deliver(whileOver: 5)
        }
        try deliver(whileOver: 0)
        return members.map { member in
            reduction(member).isComplete ? reduction(member).gathered.withSums { Array($0) } : []
        }
    }

    private func pile(_ outgoing: [Reduction.Outgoing]) {
        for message in outgoing {
            for worker in message.workers {
                let copies = Int.random(in: 0..<4, using: &random) == 0 ? 2 : 1
                for _ in 0..<copies { pile.append(Message(receiver: worker, frames: message.frames)) }
            }
        }
    }

    private func deliver(whileOver count: Int) throws {
        while pile.count > count {
            let message = pile.remove(at: Int.random(in: pile.indices, using: &random))
            let header = try message.frames[0].withUnsafeBytes { bytes throws(CollectiveError) in
                try BlockHeader(decoding: bytes)
            }
            pile(try reduction(message.receiver).receive(header, message.frames[1]))
        }
    }
}
