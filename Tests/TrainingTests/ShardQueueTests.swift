import ClusterCore
import Collective
import Testing

@testable import Training

/// Which shards a replica's thread is given, and which are taken back.
struct ShardQueueTests {
    private func work(_ shards: [Int], step: Int = 3, attempt: UInt32 = 0) -> StepWork {
        StepWork(
            step: step, attempt: attempt, generation: 1, shards: shards, partOwners: [1], overflows: [])
    }

    private func rest(_ queue: ShardQueue, _ key: ShardQueue.Key) -> [Int] {
        Array(sequence(state: ()) { _ in queue.next(key) })
    }

    @Test func whatIsNotStartedCanBeYielded() {
        let queue = ShardQueue()
        let key = queue.add(work([4, 5, 6, 7]))
        #expect(queue.next(key) == 4)
        #expect(queue.yield(step: 3, attempt: 1, count: 9).isEmpty)
        #expect(queue.yield(step: 2, attempt: 0, count: 9).isEmpty)
        #expect(queue.yield(step: 3, attempt: 0, count: 1) == [7])
        #expect(queue.next(key) == 5)
        #expect(queue.yield(step: 3, attempt: 0, count: .max) == [6])
        #expect(queue.next(key) == nil)
        #expect(queue.yield(step: 3, attempt: 0, count: .max).isEmpty)
    }

    /// A larger share of the same attempt; what was yielded may come back.
    @Test func sharesGrow() {
        let queue = ShardQueue()
        let key = queue.add(work([0, 1, 2]))
        #expect(queue.next(key) == 0)
        #expect(queue.yield(step: 3, attempt: 0, count: 1) == [2])
        #expect(queue.add(work([0, 1, 8])) == key)
        #expect(queue.add(work([0, 1, 8, 2])) == key)
        #expect(rest(queue, key) == [1, 8, 2])
    }

    @Test func anotherAttemptReplacesTheOneBefore() {
        let queue = ShardQueue()
        let first = queue.add(work([0, 1, 2]))
        #expect(queue.next(first) == 0)
        let second = queue.add(work([0, 1], attempt: 1))
        #expect(queue.next(first) == nil)
        #expect(rest(queue, second) == [0, 1])
    }

    /// The same attempt at the same step, under another coordinator.
    @Test func nothingOutlivesAClearing() {
        let queue = ShardQueue()
        let before = queue.add(work([0, 1, 2]))
        #expect(queue.next(before) == 0)
        queue.clear()
        #expect(queue.next(before) == nil)
        let after = queue.add(work([0, 1]))
        #expect(queue.next(before) == nil)
        #expect(rest(queue, after) == [0, 1])
    }

    /// What is held beyond the share is another's: all is computed again. The newest share counts, also for
    /// a thread that still has an older one in hand.
    @Test func heldShardsOfOthersAreRefused() {
        let queue = ShardQueue()
        let key = queue.add(work([0, 1, 2]))
        _ = rest(queue, key)
        #expect(queue.allows(key, ShardSet([0, 1, 2])))
        _ = queue.add(work([0, 1, 2, 5]))
        #expect(rest(queue, key) == [5])
        #expect(queue.allows(key, ShardSet([0, 1, 2, 5])))
        _ = queue.add(work([0, 1]))
        #expect(!queue.allows(key, ShardSet([0, 1, 2, 5])))
        #expect(rest(queue, key) == [0, 1])
        // A round that only gathers asks for nothing, and what is held may be needed in the next.
        _ = queue.add(work([]))
        #expect(queue.allows(key, ShardSet([0, 1])))
    }
}
