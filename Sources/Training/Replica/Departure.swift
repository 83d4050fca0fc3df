import Collective
import Dispatch
import TensorCore

/// A share's blocks that go out while the backward pass of its last shard still runs: from the last layers,
/// which get their gradients first. A thread of its own codes them; what is left goes out when the share is
/// complete.
///
/// Unchecked: the replica's thread begins it, and takes the rest after it has waited for the coding thread.
final class Departure: @unchecked Sendable {
    let context: ReductionContext
    private let owners: [UInt32]
    private let queue: DispatchQueue
    private let post: @Sendable (ReplicaOutput) -> Void
    private let underWay = DispatchGroup()
    private var vector = UnsafeBufferPointer<Int32>(start: nil, count: 0)
    private var shards = ShardSet()
    /// Blocks that have not gone out, and the stage of the backward pass after which they can.
    private var waiting: [(piece: ReductionContext.Piece, stage: Int?)] = []
    /// Whether the sums are those of the share.
    private(set) var hasBegun = false

    /// - Parameters:
    ///   - queue: carries out one thing after another, on another thread.
    ///   - post: where contributions go.
    init(
        _ context: ReductionContext, owners: [UInt32], queue: DispatchQueue,
        post: @escaping @Sendable (ReplicaOutput) -> Void
    ) {
        self.context = context
        self.owners = owners
        self.queue = queue
        self.post = post
    }

    /// - Parameters:
    ///   - vector: the share's sums, to which one shard is still being added.
    ///   - shards: those in it already.
    ///   - last: the one that is being added.
    ///   - stage: when a range of the vector is settled.
    func begin(
        _ vector: UnsafeBufferPointer<Int32>, shards: ShardSet, and last: Int,
        stage: (Range<Int>) -> Int?
    ) {
        self.vector = vector
        self.shards = shards
        self.shards.insert(last)
        waiting = context.pieces(owners).map { ($0, stage($0.range)) }
        hasBegun = true
    }

    /// Sends what nothing more is added to. Called by a compute thread, which it does not hold up.
    func note(settled stage: Int) {
        queue.async(group: underWay) { [self] in
            let ready = waiting.filter { $0.stage.map { $0 <= stage } ?? false }.map(\.piece)
            guard !ready.isEmpty else { return }
            waiting.removeAll { $0.stage.map { $0 <= stage } ?? false }
            post(.contributions(contributions(ready, pool: nil)))
        }
    }

    /// Waits until all that was noted has gone out: a few blocks at most.
    func wait() { underWay.wait() }

    /// What has not gone out yet.
    func rest(pool: ComputePool) -> Contributions {
        let pieces = waiting.map(\.piece)
        waiting = []
        return contributions(pieces, pool: pool)
    }

    private func contributions(_ pieces: [ReductionContext.Piece], pool: ComputePool?) -> Contributions {
        context.contributions(of: vector, shards: shards, pieces: pieces, pool: pool)
    }
}
