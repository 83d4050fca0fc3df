import Testing

@testable import ClusterCore

/// Runs without any fault, and refusals.
@Suite struct CoordinatorMachineTests {
    static func schedule(
        search: Int = 1, total: Int = 6, stopAfter: Int? = nil, shards: Int = 4
    ) -> RunSchedule {
        RunSchedule(
            searchSteps: search, totalSteps: total, stopAfter: stopAfter, shardsPerStep: shards,
            evaluationShards: 3, evaluateEvery: 2, checkpointEvery: 3)
    }

    @Test(arguments: [1, 2, 3, 6])
    func runsToTheEnd(workers: Int) throws {
        let cluster = try FakeCluster(schedule: Self.schedule(), workers: workers)
        #expect(cluster.outcome == .done)
        #expect(cluster.committed.map(\.step) == Array(1...6))
        #expect(cluster.committed.map(\.phase) == [.search] + Array(repeating: .converge, count: 5))
        #expect(cluster.plansDecided == 1)
        #expect(cluster.evaluations.map(\.step) == [3, 5, 6])
        #expect(cluster.evaluations.allSatisfy { $0.images == 3 })
        #expect(cluster.savesAsked == [3, 6])
        #expect(cluster.digests == [3, 6])
        #expect(cluster.workerOutcomes.count == workers)
        #expect(cluster.workerOutcomes.values.allSatisfy { $0 == .done("the run is done") })
    }

    @Test(arguments: [1, 2, 3, 5])
    func everyShardIsComputedOnce(workers: Int) throws {
        let cluster = try FakeCluster(schedule: Self.schedule(search: 0, shards: 7), workers: workers)
        for step in 0..<6 {
            let shards = cluster.computed.filter { $0.step == step }.map(\.shard)
            #expect(shards.sorted() == Array(0..<7))
            #expect(cluster.committed[step].participants.values.joined().sorted() == Array(0..<7))
        }
    }

    @Test func maxStepsEndsWithACheckpoint() throws {
        let cluster = try FakeCluster(schedule: Self.schedule(stopAfter: 4), workers: 2)
        #expect(cluster.outcome == .done)
        #expect(cluster.committed.last?.step == 4)
        #expect(cluster.savesAsked == [3, 4])
    }

    @Test func anOverflowRedoesTheStepWithTheUnionOfTheReports() throws {
        var cluster = try FakeCluster(schedule: Self.schedule(search: 0, total: 2), workers: 1, wanted: 2)
        cluster.overflowing = { step, attempt, shard in step == 1 && attempt == 0 && shard != 1 }
        try cluster.start(worker: 1)
        #expect(cluster.outcome == .done)
        #expect(cluster.committed.map(\.attempt) == [0, 1])
        #expect(cluster.raised == [[0, 2, 3], [0, 2, 3]])
    }

    @Test func exponentsThatNeverSettleEndTheRun() throws {
        var cluster = try FakeCluster(schedule: Self.schedule(search: 0, total: 2), workers: 1, wanted: 2)
        cluster.overflowing = { _, _, shard in shard == 0 }
        try cluster.start(worker: 1)
        guard case .failed(let reason) = cluster.outcome else {
            Issue.record("not failed: \(String(describing: cluster.outcome))")
            return
        }
        #expect(reason.contains("overflow"))
        #expect(cluster.committed.isEmpty)
    }

    @Test func resumingStartsAtTheStepAndPhaseOfTheCheckpoint() throws {
        let resumed = try FakeCluster(schedule: Self.schedule(), workers: 2) {
            $0.resume = .init(step: 3, phase: .converge)
            $0.recordedStep = 3
        }
        #expect(resumed.committed.map(\.step) == [4, 5, 6])
        #expect(resumed.plansDecided == 0)
        #expect(resumed.savesAsked == [6])
    }

    @Test func anInterruptSavesAndReportsPreemption() throws {
        var cluster = try FakeCluster(schedule: Self.schedule(), workers: 1, wanted: 2)
        try cluster.tell(.stopRequested(reason: "interrupted"))
        #expect(cluster.outcome == .preempted(step: 0, reason: "interrupted"))
    }

    @Test func replicasThatDifferAfterThePruneEndTheRun() throws {
        var cluster = try FakeCluster(schedule: Self.schedule(), workers: 1, wanted: 2)
        cluster.digestOf = { worker, step in step == 0 ? "seed" : "\(worker[0]) \(step)" }
        try cluster.start(worker: 1)
        guard case .failed(let reason) = cluster.outcome else {
            Issue.record("not failed")
            return
        }
        #expect(reason.contains("different states after the prune"))
    }

    @Test func waitingForWorkersHasAnEnd() throws {
        var cluster = try FakeCluster(schedule: Self.schedule(), workers: 1, wanted: 3)
        try cluster.pass(.seconds(99))
        #expect(cluster.outcome == nil)
        try cluster.pass(.seconds(3))
        #expect(cluster.outcome == .failed("1 of 3 workers came within 100.0 seconds"))
    }

    // MARK: Refusals

    private func refusal(of worker: UInt8, in cluster: FakeCluster) throws -> String {
        guard case .failed(let reason) = cluster.workerOutcomes[FakeCluster.identity(worker)] else {
            Issue.record("not refused")
            return ""
        }
        return reason
    }

    @Test func otherVersionsAreRefused() throws {
        var cluster = try FakeCluster(schedule: Self.schedule(), workers: 1, wanted: 2)
        try cluster.start(worker: 3, version: "other")
        #expect(try refusal(of: 3, in: cluster).contains("use one version"))
        #expect(cluster.outcome == nil)
    }

    @Test func otherDenseAlgebraIsRefused() throws {
        var cluster = try FakeCluster(schedule: Self.schedule(), workers: 1, wanted: 2)
        try cluster.start(worker: 3, denseAlgebra: "Haswell")
        #expect(try refusal(of: 3, in: cluster).contains("OPENBLAS_CORETYPE"))
    }

    /// Who lacks the level that the recipe needs is refused, and the run is pinned to no less.
    @Test func levelsBelowTheNeededAreRefused() throws {
        var cluster = try FakeCluster(schedule: Self.schedule(search: 0, total: 2), workers: 0, wanted: 2) {
            $0.levelNeeded = LevelNeeded(
                "avx512_core_bf16", by: "precision: bf16", alternative: "precision: fp32")
        }
        try cluster.start(worker: 0, level: "avx512_core_amx")
        try cluster.start(worker: 1, level: "avx512_core_vnni")
        #expect(
            try refusal(of: 1, in: cluster).contains(
                "its CPU offers avx512_core_vnni, and precision: bf16 takes avx512_core_bf16: "
                    + "use precision: fp32 or another machine"))
        #expect(cluster.outcome == nil)
        try cluster.start(worker: 2, level: "avx512_core_bf16")
        #expect(cluster.outcome == .done)
        #expect(cluster.coordinator.instructionLevel == "avx512_core_bf16")
    }
}
