import Glibc
import Synchronization

/// A counter that threads wait on. Waiters spin briefly, then yield for a while, then sleep: machines have more
/// threads than cores, and to wake a thread takes longer than most waits last.
///
/// Unchecked: the mutex and the condition never move and are used through their own functions.
final class Gate: @unchecked Sendable {
    private static let spins = 200
    /// Several times what waking takes where processors are virtual: 10 to 30 µs, measured.
    private static let yieldNanoseconds: UInt64 = 100_000

    private let openings = Atomic<Int>(0)
    private let sleepers = Atomic<Int>(0)
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// How often the gate was opened.
    var count: Int { openings.load(ordering: .acquiring) }

    /// Lets everyone go who waits past a smaller count.
    func open() {
        // Sequentially consistent, as in `sleep`: either this sees the sleeper, or the sleeper sees the new
        // count.
        openings.add(1, ordering: .sequentiallyConsistent)
        guard sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Returns the count once it is more than `seen`.
    func wait(past seen: Int) -> Int {
        for _ in 0..<Self.spins {
            let now = count
            if now > seen { return now }
        }
        let end = Self.nanoseconds() + Self.yieldNanoseconds
        repeat {
            let now = count
            if now > seen { return now }
            sched_yield()
        } while Self.nanoseconds() < end
        return sleep(past: seen)
    }

    private static func nanoseconds() -> UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }

    private func sleep(past seen: Int) -> Int {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        sleepers.add(1, ordering: .sequentiallyConsistent)
        defer { sleepers.subtract(1, ordering: .sequentiallyConsistent) }
        while true {
            let now = openings.load(ordering: .sequentiallyConsistent)
            if now > seen { return now }
            pthread_cond_wait(condition, mutex)
        }
    }
}
