import Synchronization
import TensorCore
import Testing

/// More threads than this machine may have cores: everything must end all the same.
@Suite struct ComputePoolTests {
    @Test(.timeLimit(.minutes(10)), arguments: [1, 2, 3, 16])
    func everyThreadRunsOnceAndRunWaits(threads: Int) {
        let pool = ComputePool(threads: threads)
        #expect(pool.threads == threads)
        let runs = Atomic<Int>(0)
        let mask = Atomic<Int>(0)
        for round in 1...200 {
            pool.run { thread in
                runs.add(1, ordering: .relaxed)
                mask.bitwiseOr(1 << thread, ordering: .relaxed)
            }
            #expect(runs.load(ordering: .relaxed) == round * threads)
        }
        #expect(mask.load(ordering: .relaxed) == 1 << threads - 1)
    }

    @Test(.timeLimit(.minutes(10)), arguments: [1, 2, 5, 12])
    func nobodyPassesABarrierBeforeAllCome(threads: Int) {
        let pool = ComputePool(threads: threads)
        let arrivals = Atomic<Int>(0)
        let faults = Atomic<Int>(0)
        pool.run { _ in
            for round in 1...300 {
                arrivals.add(1, ordering: .relaxed)
                pool.barrier()
                // All of this round have come; those already in the next one may have added theirs.
                let seen = arrivals.load(ordering: .relaxed)
                if seen < round * threads || seen > (round + 1) * threads - 1 {
                    faults.add(1, ordering: .relaxed)
                }
                pool.barrier()
            }
        }
        #expect(faults.load(ordering: .relaxed) == 0)
        #expect(arrivals.load(ordering: .relaxed) == 300 * threads)
    }

    @Test(.timeLimit(.minutes(10))) func sleepersWakeUp() async throws {
        let pool = ComputePool(threads: 4)
        let runs = Atomic<Int>(0)
        for _ in 0..<3 {
            // Long enough for the threads to stop spinning and sleep.
            try await Task.sleep(for: .milliseconds(20))
            pool.run { _ in runs.add(1, ordering: .relaxed) }
        }
        #expect(runs.load(ordering: .relaxed) == 12)
    }

    @Test(.timeLimit(.minutes(10))) func poolsEndTheirThreads() {
        for _ in 0..<50 {
            let pool = ComputePool(threads: 4)
            pool.run { _ in }
        }
        for _ in 0..<50 { _ = ComputePool(threads: 3) }
    }
}
