import ClusterCore
import Testing

struct CoordinatorMachineTests {
    static func schedule(
        search: Int = 1, total: Int = 6, stopAfter: Int? = nil, shards: Int = 4
    ) -> RunSchedule {
        RunSchedule(
            searchSteps: search, totalSteps: total, stopAfter: stopAfter, shardsPerStep: shards,
            evaluationShards: 3, evaluateEvery: 2, checkpointEvery: 3)
    }

    @Test(arguments: [1, 2, 3, 5, 7])
    func aRunCommitsEachStepOnceAndPrunesOnce(workers: Int) throws {
        let cluster = try FakeCluster(schedule: Self.schedule(), workers: workers)
        #expect(cluster.outcome == .done)
        #expect(cluster.committed.map(\.step) == Array(1...6))
        #expect(cluster.committed.map(\.phase) == [.search] + Array(repeating: .converge, count: 5))
        #expect(cluster.plansDecided == 1)
        #expect(cluster.evaluations.map(\.step) == [3, 5, 6])
        #expect(cluster.savesAsked == [3, 6])
        #expect(cluster.workerOutcomes.count == workers)
        #expect(cluster.workerOutcomes.values.allSatisfy { $0 == .done("the run is done") })
    }

    @Test(arguments: [1, 2, 3, 5])
    func everyShardIsAssignedOnce(workers: Int) throws {
        let cluster = try FakeCluster(schedule: Self.schedule(search: 0, shards: 7), workers: workers)
        for step in 0..<6 {
            let shards = cluster.worked.filter { $0.step == step }.flatMap(\.shards)
            #expect(shards.sorted() == Array(0..<7))
        }
    }

    @Test func maxStepsEndsWithACheckpoint() throws {
        let cluster = try FakeCluster(schedule: Self.schedule(stopAfter: 4), workers: 2)
        #expect(cluster.outcome == .done)
        #expect(cluster.committed.last?.step == 4)
        #expect(cluster.savesAsked == [3, 4])
    }

    @Test func anOverflowRedoesTheStepWithTheUnionOfTheReports() throws {
        var cluster = try Self.gathering(workers: 2)
        cluster.overflowing = { step, attempt, shard in step == 1 && attempt == 0 && shard != 1 }
        try cluster.start(worker: 1)
        #expect(cluster.outcome == .done)
        #expect(cluster.committed.map(\.attempt) == [0, 1])
        let redone = cluster.worked.filter { $0.attempt == 1 }
        #expect(redone.count == 2)
        #expect(redone.allSatisfy { $0.overflows.map(\.segment) == [0, 2, 3] })
    }

    @Test func exponentsThatNeverSettleEndTheRun() throws {
        var cluster = try Self.gathering(workers: 2)
        cluster.overflowing = { _, _, shard in shard == 0 }
        try cluster.start(worker: 1)
        guard case .failed(let reason) = cluster.outcome else {
            Issue.record("not failed: \(String(describing: cluster.outcome))")
            return
        }
        #expect(reason.contains("overflow"))
        #expect(cluster.committed.isEmpty)
    }

    /// A cluster of two whose second worker has not come yet.
    static func gathering(workers: Int) throws -> FakeCluster {
        var cluster = try FakeCluster(schedule: schedule(search: 0, total: 2), workers: 1)
        cluster.coordinator = CoordinatorMachine(
            CoordinatorMachine.Settings(
                run: .random(), version: "test", recipe: "", schedule: schedule(search: 0, total: 2),
                workersWanted: workers, timeout: .seconds(8)))
        (cluster.committed, cluster.outcome, cluster.worked) = ([], nil, [])
        (cluster.workers, cluster.workerOutcomes) = ([:], [:])
        try cluster.start(worker: 0)
        return cluster
    }

    @Test func aSilentWorkerEndsTheRunInABoundedTime() throws {
        var cluster = try Self.gathering(workers: 2)
        cluster.now = .seconds(9)
        try cluster.tell(.tick)
        #expect(cluster.outcome == nil, "the first may wait for the second as long as it takes")
        cluster.areMute = true
        try cluster.start(worker: 1)
        cluster.now = .seconds(18)
        try cluster.tell(.tick)
        guard case .failed(let reason) = cluster.outcome else {
            Issue.record("not failed")
            return
        }
        #expect(reason.contains("worker 1"))
        #expect(reason.contains("--resume"))
    }

    @Test func aDeadLocalProcessEndsTheRunAtOnce() throws {
        var cluster = try Self.gathering(workers: 2)
        try cluster.tell(.workerExited(process: 100, how: "was killed by signal 9"))
        #expect(
            cluster.outcome
                == .failed(
                    "worker 1 (host here, process 100) was killed by signal 9 at step 0; "
                        + "go on from the last checkpoint with --resume"))
    }

    @Test func otherVersionsAreRefused() throws {
        var cluster = try Self.gathering(workers: 2)
        try cluster.start(worker: 3, version: "other")
        let outcome = try #require(cluster.workerOutcomes[[UInt8](repeating: 3, count: 16)])
        guard case .failed(let reason) = outcome else {
            Issue.record("not refused")
            return
        }
        #expect(reason.contains("use one version"))
        #expect(cluster.outcome == nil)
    }

    @Test func otherDenseAlgebraIsRefused() throws {
        var cluster = try Self.gathering(workers: 2)
        try cluster.start(worker: 3, denseAlgebra: "Haswell")
        guard case .failed(let reason) = cluster.workerOutcomes[[UInt8](repeating: 3, count: 16)] else {
            Issue.record("not refused")
            return
        }
        #expect(reason.contains("OPENBLAS_CORETYPE"))
    }

    /// Who lacks the level that the recipe needs is refused, and the run is pinned to no less.
    @Test func levelsBelowTheNeededAreRefused() throws {
        var cluster = try FakeCluster(schedule: Self.schedule(search: 0, total: 2), workers: 1)
        cluster.coordinator = CoordinatorMachine(
            CoordinatorMachine.Settings(
                run: .random(), version: "test", recipe: "", schedule: Self.schedule(search: 0, total: 2),
                workersWanted: 2, timeout: .seconds(8),
                levelNeeded: LevelNeeded(
                    "avx512_core_bf16", by: "precision: bf16", alternative: "precision: fp32")))
        (cluster.outcome, cluster.workers, cluster.workerOutcomes) = (nil, [:], [:])
        try cluster.start(worker: 0, level: "avx512_core_amx")
        try cluster.start(worker: 1, level: "avx512_core_vnni")
        guard case .failed(let reason) = cluster.workerOutcomes[[UInt8](repeating: 1, count: 16)] else {
            Issue.record("not refused")
            return
        }
        #expect(
            reason.contains(
                "its CPU offers avx512_core_vnni, and precision: bf16 takes avx512_core_bf16: "
                    + "use precision: fp32 or another machine"))
        #expect(cluster.outcome == nil)
        try cluster.start(worker: 2, level: "avx512_core_bf16")
        #expect(cluster.outcome == .done)
        #expect(cluster.coordinator.instructionLevel == "avx512_core_bf16")
    }

    @Test func replicasThatDifferAfterThePruneEndTheRun() throws {
        var cluster = try FakeCluster(schedule: Self.schedule(), workers: 1)
        cluster.coordinator = CoordinatorMachine(
            CoordinatorMachine.Settings(
                run: .random(), version: "test", recipe: "", schedule: Self.schedule(), workersWanted: 2,
                timeout: .seconds(8)))
        cluster.outcome = nil
        cluster.digestOf = { worker, step in "\(worker[0]) \(step)" }
        try cluster.start(worker: 0)
        try cluster.start(worker: 1)
        guard case .failed(let reason) = cluster.outcome else {
            Issue.record("not failed")
            return
        }
        #expect(reason.contains("different states after the prune"))
    }

    @Test func resumingStartsAtTheStepAndPhaseOfTheCheckpoint() throws {
        let resumed = try FakeCluster(
            schedule: Self.schedule(), workers: 2, resume: .init(step: 3, phase: .converge))
        #expect(resumed.committed.map(\.step) == [4, 5, 6])
        #expect(resumed.plansDecided == 0)
        #expect(resumed.savesAsked == [6])
    }

    @Test func anInterruptSavesAndReportsPreemption() throws {
        var cluster = try Self.gathering(workers: 2)
        try cluster.tell(.stopRequested(reason: "interrupted"))
        #expect(cluster.outcome == .preempted(step: 0, reason: "interrupted"))
    }
}
