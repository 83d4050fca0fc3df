import ClusterCore
import Testing

/// Searches that end when their latent vectors say so, and runs that need none.
@Suite struct SearchLengthTests {
    /// At most 8 steps of search, with a look at every second; 5 of the converge phase.
    static func schedule(stopAfter: Int? = nil) -> RunSchedule {
        RunSchedule(
            searchSteps: 8, totalSteps: 13, checkEvery: 2, stopAfter: stopAfter, shardsPerStep: 4,
            evaluationShards: 3, evaluateEvery: 2, checkpointEvery: 2)
    }

    private func cluster(workers: Int, end: Int) throws -> FakeCluster {
        var cluster = try FakeCluster(schedule: Self.schedule(), workers: 0, wanted: workers)
        cluster.searchEnd = end
        for number in 0..<workers { try cluster.start(worker: UInt8(number)) }
        return cluster
    }

    private func expectPhases(
        _ cluster: FakeCluster, search: Int, at location: SourceLocation = #_sourceLocation
    ) {
        #expect(cluster.outcome == .done, sourceLocation: location)
        #expect(cluster.committed.map(\.step) == Array(1...search + 5), sourceLocation: location)
        #expect(
            cluster.committed.map(\.phase)
                == Array(repeating: .search, count: search) + Array(repeating: .converge, count: 5),
            sourceLocation: location)
    }

    @Test(arguments: [(2, 2), (3, 4), (6, 6), (7, 8), (100, 8)], [1, 3])
    func whatComesAfterIsCountedFromTheEnd(end: (asked: Int, actual: Int), workers: Int) throws {
        let cluster = try cluster(workers: workers, end: end.asked)
        expectPhases(cluster, search: end.actual)
        #expect(cluster.looks == Array(stride(from: 2, through: end.actual, by: 2)))
        #expect(cluster.plansDecided == 1)
        #expect(cluster.evaluations.map(\.step) == [2, 4, 5].map { end.actual + $0 })
    }

    /// The one that is asked for the latent vectors dies; those asked next answer.
    @Test(arguments: [2, 4]) func aDeathAtALookChangesNothing(step: Int) throws {
        var cluster = try FakeCluster(schedule: Self.schedule(), workers: 2, wanted: 3)
        cluster.searchEnd = 4
        cluster.slow = [FakeCluster.identity(2)]
        try cluster.start(worker: 2)
        for _ in 1..<step { try cluster.finish(.max, of: 2) }
        cluster.stopped = [FakeCluster.identity(0)]
        try cluster.finish(.max, of: 2)
        cluster.stopped = []
        cluster.slow = []
        try cluster.kill(0)
        try cluster.finish(.max, of: 2)
        expectPhases(cluster, search: 4)
    }

    @Test func aCheckpointAtALookIsLookedAtAgain() throws {
        var first = try FakeCluster(schedule: Self.schedule(stopAfter: 4), workers: 0, wanted: 2)
        first.searchEnd = 6
        for number in 0..<2 { try first.start(worker: UInt8(number)) }
        #expect(first.outcome == .done && first.checkpoint == .init(step: 4, phase: .search))
        var second = try FakeCluster(schedule: Self.schedule(), workers: 0, wanted: 2) {
            $0.resume = first.checkpoint
            $0.recordedStep = 4
        }
        second.searchEnd = 6
        for number in 0..<2 { try second.start(worker: UInt8(number)) }
        #expect(second.looks == [4, 6] && second.outcome == .done)
        #expect(second.committed.map(\.step) == Array(5...11))
    }

    /// It was on disk before anybody heard of it; the search goes to its step without another look.
    @Test func aPlanOfAnEarlierLaunchEndsTheSearchAtItsStep() throws {
        var cluster = try FakeCluster(schedule: Self.schedule(), workers: 0, wanted: 2) {
            $0.plan = DecidedPlan(json: "{}", step: 6)
            $0.resume = .init(step: 2, phase: .search)
            $0.recordedStep = 6
        }
        for number in 0..<2 { try cluster.start(worker: UInt8(number)) }
        // Others might come that hold a later step.
        try cluster.pass(.seconds(3))
        #expect(cluster.looks.isEmpty && cluster.outcome == .done)
        #expect(cluster.committed.map(\.step) == Array(3...11))
        #expect(cluster.committed.count { $0.phase == .search } == 4)
    }

    /// Workers hold a pruned network, and nobody can tell how far it is.
    @Test func aLostPlanIsSaid() throws {
        var cluster = try FakeCluster(schedule: Self.schedule(), workers: 1, wanted: 2)
        cluster.searchEnd = 2
        cluster.slow = [FakeCluster.identity(1)]
        try cluster.start(worker: 1)
        for _ in 0..<3 { try cluster.finish(.max, of: 1) }
        #expect(cluster.committed.last?.phase == .converge && cluster.outcome == nil)
        try cluster.restartCoordinator(wanted: 2)
        try cluster.pass(.seconds(3))
        guard case .failed(let reason) = cluster.outcome else {
            Issue.record("not failed: \(String(describing: cluster.outcome))")
            return
        }
        #expect(reason.contains("plan.json"))
    }

    @Test func aRunWithAPlanFromTheStartConvergesAtOnce() throws {
        let schedule = RunSchedule(
            searchSteps: 0, totalSteps: 5, shardsPerStep: 4, evaluationShards: 3, evaluateEvery: 2,
            checkpointEvery: 3)
        var cluster = try FakeCluster(schedule: schedule, workers: 0, wanted: 2) {
            $0.plan = DecidedPlan(json: "{}", step: 0)
        }
        for number in 0..<2 { try cluster.start(worker: UInt8(number)) }
        #expect(cluster.outcome == .done && cluster.looks.isEmpty)
        #expect(cluster.committed.allSatisfy { $0.phase == .converge } && cluster.committed.count == 5)
        #expect(cluster.evaluations.map(\.step) == [2, 4, 5])
    }
}
