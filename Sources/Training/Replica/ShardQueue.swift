package import ClusterCore
package import Collective
import Synchronization

/// The shards of one attempt that a replica is to compute and has not started. The replica's thread takes
/// them one at a time; the sockets' thread adds to them and takes some back.
package final class ShardQueue: Sendable {
    /// Names an attempt. The epoch tells apart those before and after everything was forgotten.
    package struct Key: Equatable, Sendable {
        let epoch: Int
        let step: Int
        let attempt: UInt32
    }

    private struct Pending {
        var epoch = 0
        var step = -1
        var attempt: UInt32 = 0
        /// All that is to be computed here, started or not.
        var share: [Int] = []
        var shards: [Int] = []
        var started: Set<Int> = []

        var key: Key { Key(epoch: epoch, step: step, attempt: attempt) }
    }

    private let pending = Mutex(Pending())

    package init() {}

    /// The shards of a share that have not been started. Another step or attempt replaces the one before.
    /// - Returns: what the replica's thread is to take them by.
    package func add(_ work: StepWork) -> Key {
        pending.withLock { pending in
            if pending.step != work.step || pending.attempt != work.attempt {
                pending = Pending(epoch: pending.epoch, step: work.step, attempt: work.attempt)
            }
            pending.share = work.shards
            pending.shards = work.shards.filter { !pending.started.contains($0) }
            return pending.key
        }
    }

    /// Compares what is held with the newest share of an attempt: sums cannot be taken apart, and others'
    /// shards must not be counted twice. If there are such, all is to be computed again.
    /// - Returns: whether the held sums are of use.
    package func allows(_ key: Key, _ held: ShardSet) -> Bool {
        pending.withLock { pending in
            guard pending.key == key, !pending.share.isEmpty, !held.isSubset(of: ShardSet(pending.share))
            else { return true }
            pending.shards = pending.share
            pending.started = []
            return false
        }
    }

    /// The next shard of an attempt, which counts as started; nil if there is none, or if the attempt is
    /// over.
    package func next(_ key: Key) -> Int? {
        pending.withLock { pending in
            guard pending.key == key, !pending.shards.isEmpty else { return nil }
            let shard = pending.shards.removeFirst()
            pending.started.insert(shard)
            return shard
        }
    }

    /// Whether no shard of an attempt is left to be started.
    package func isEmpty(_ key: Key) -> Bool {
        pending.withLock { $0.key != key || $0.shards.isEmpty }
    }

    /// Up to `count` shards from the end, which are not to be computed here any more.
    package func yield(step: Int, attempt: UInt32, count: Int) -> [Int] {
        pending.withLock { pending in
            guard pending.step == step, pending.attempt == attempt else { return [] }
            let yielded = Array(pending.shards.suffix(max(count, 0)))
            pending.shards.removeLast(yielded.count)
            pending.share.removeAll(where: yielded.contains)
            return yielded
        }
    }

    /// Forgets all.
    package func clear() {
        pending.withLock { $0 = Pending(epoch: $0.epoch + 1) }
    }
}
