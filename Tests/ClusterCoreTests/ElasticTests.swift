import Testing

@testable import ClusterCore

/// Workers that come, go and die in the middle of a run.
@Suite struct ElasticTests {
    /// Two steps are enough to see what becomes of the one in flight and of the next.
    static func schedule(total: Int = 3, search: Int = 0, shards: Int = 6) -> RunSchedule {
        RunSchedule(
            searchSteps: search, totalSteps: total, shardsPerStep: shards, evaluationShards: 3,
            evaluateEvery: 100, checkpointEvery: 100)
    }

    /// A cluster in its first step, in which only workers 0 and 1 of three have computed.
    private func stuck(_ schedule: RunSchedule = schedule()) throws -> FakeCluster {
        var cluster = try FakeCluster(schedule: schedule, workers: 2, wanted: 3)
        cluster.slow = [FakeCluster.identity(2)]
        try cluster.start(worker: 2)
        #expect(cluster.committed.isEmpty)
        return cluster
    }

    private func expectFinished(_ cluster: FakeCluster, at location: SourceLocation = #_sourceLocation) {
        #expect(cluster.outcome == .done, sourceLocation: location)
        let total = cluster.coordinator.settings.schedule.totalSteps
        #expect(cluster.committed.map(\.step) == Array(1...total), sourceLocation: location)
        for step in cluster.committed where !step.participants.isEmpty {
            let shards = Set(step.participants.values.joined())
            #expect(shards.count == cluster.coordinator.settings.schedule.shardsPerStep)
        }
    }

    @Test func survivorsComputeOnlyWhatIsMissing() throws {
        var cluster = try stuck()
        try cluster.kill(2)
        expectFinished(cluster)
        let first = cluster.computed.filter { $0.step == 0 }
        #expect(first.map(\.shard).sorted() == Array(0..<6), "each shard was computed once")
        #expect(cluster.committed.map(\.generation) == [2, 2, 2])
        #expect(cluster.committed[0].recoverySeconds != nil)
        #expect(cluster.coordinator.recoveries.count == 1)
    }

    @Test func whatIsAppliedSomewhereIsNotComputedAgain() throws {
        var cluster = try FakeCluster(schedule: Self.schedule(), workers: 2, wanted: 3)
        cluster.blind = [FakeCluster.identity(1), FakeCluster.identity(2)]
        try cluster.start(worker: 2)
        #expect(cluster.coordinator.book.done.count == 1)
        cluster.blind = []
        try cluster.kill(2)
        expectFinished(cluster)
        #expect(cluster.computed.count { $0.step == 0 } == 6)
    }

    @Test func theDeathOfTheOnlyOneThatAppliedIsNoLoss() throws {
        var cluster = try FakeCluster(schedule: Self.schedule(), workers: 2, wanted: 3)
        cluster.blind = [FakeCluster.identity(1), FakeCluster.identity(2)]
        try cluster.start(worker: 2)
        cluster.blind = []
        try cluster.kill(0)
        expectFinished(cluster)
        // Its two shards were computed again.
        #expect(cluster.computed.count { $0.step == 0 } == 8)
    }

    @Test func aJoiningWorkerIsAMemberAtTheNextBoundary() throws {
        var cluster = try stuck()
        try cluster.start(worker: 3)
        #expect(cluster.coordinator.members.count == 3)
        try cluster.finish(2, of: 2)
        cluster.slow = []
        try cluster.finish(2, of: 2)
        expectFinished(cluster)
        #expect(cluster.committed.last!.participants.keys.contains(4))
        #expect(cluster.committed[0].participants.keys.sorted() == [1, 2, 3])
    }

    @Test func aLeavingWorkerHandsBackWhatItHasNotStarted() throws {
        var cluster = try stuck()
        try cluster.tell(.leaveRequested(reason: "terminated"), to: FakeCluster.identity(2))
        #expect(cluster.workerOutcomes.isEmpty)
        try cluster.finish(1, of: 2)
        expectFinished(cluster)
        #expect(cluster.workerOutcomes[FakeCluster.identity(2)] == .done("it left the run"))
        #expect(cluster.committed[0].participants[3]?.count == 1)
        #expect(cluster.computed.count { $0.step == 0 } == 6)
    }

    @Test func aWorkerThatCannotFinishInItsGraceGoesAnyway() throws {
        var cluster = try stuck()
        try cluster.tell(.leaveRequested(reason: "terminated"), to: FakeCluster.identity(2))
        try cluster.pass(.seconds(6))
        #expect(cluster.workerOutcomes[FakeCluster.identity(2)] == .done("terminated"))
        try cluster.kill(2)
        expectFinished(cluster)
    }

    @Test func theLastWorkerLeavesItsStateBehind() throws {
        var cluster = try FakeCluster(schedule: Self.schedule(), workers: 0, wanted: 1)
        cluster.slow = [FakeCluster.identity(0)]
        try cluster.start(worker: 0)
        try cluster.tell(.leaveRequested(reason: "terminated"), to: FakeCluster.identity(0))
        try cluster.finish(6, of: 0)
        #expect(cluster.outcome == nil)
        #expect(cluster.savesAsked == [1])
        #expect(cluster.workerOutcomes[FakeCluster.identity(0)] == .done("it left the run"))
        try cluster.start(worker: 1)
        try cluster.pass(.seconds(3))
        expectFinished(cluster)
        #expect(cluster.rewinds == 1)
    }

    @Test func aStoppedWorkerIsDroppedAndComesBack() throws {
        var cluster = try stuck(Self.schedule(total: 4))
        cluster.stopped = [FakeCluster.identity(2)]
        cluster.slow = [FakeCluster.identity(0)]
        try cluster.pass(.seconds(9))
        #expect(cluster.coordinator.members == [1, 2])
        try cluster.wake(2)
        #expect(cluster.workers[FakeCluster.identity(2)]!.number == 4)
        cluster.slow = []
        try cluster.finish(.max, of: 0)
        expectFinished(cluster)
        #expect(cluster.committed.last!.participants.keys.sorted() == [1, 2, 4])
    }

    /// It finds both in its socket: that it was dropped, and that the run is over.
    @Test func aStoppedWorkerThatWakesAfterTheEndIsDone() throws {
        var cluster = try stuck()
        cluster.stopped = [FakeCluster.identity(2)]
        try cluster.pass(.seconds(9))
        expectFinished(cluster)
        try cluster.wake(2)
        #expect(cluster.workerOutcomes[FakeCluster.identity(2)] == .done("the run is done"))
    }

    @Test func lostMessagesAreSentAgain() throws {
        var cluster = try FakeCluster(schedule: Self.schedule(), workers: 2, wanted: 3)
        cluster.blind = [FakeCluster.identity(1)]
        try cluster.start(worker: 2)
        #expect(cluster.committed.isEmpty)
        cluster.blind = []
        try cluster.tell(.peerDisconnected(1), to: FakeCluster.identity(1))
        try cluster.pass(.seconds(1))
        expectFinished(cluster)
        #expect(cluster.computed.count { $0.step == 0 } == 6)
        #expect(cluster.committed[0].generation == 2)
    }

    @Test func membersThatCannotReachEachOtherAreSeparated() throws {
        var cluster = try FakeCluster(schedule: Self.schedule(), workers: 2, wanted: 3)
        cluster.slow = [FakeCluster.identity(0)]
        cluster.apart = [FakeCluster.identity(1), FakeCluster.identity(2)]
        try cluster.start(worker: 2)
        try cluster.pass(.seconds(7))
        #expect(cluster.coordinator.members == [1, 2], "workers 2 and 3 could not reach each other")
    }

    @Test func aLaggardsShardsAreTakenOver() throws {
        var cluster = try FakeCluster(schedule: Self.schedule(total: 1, shards: 8), workers: 0, wanted: 2)
        cluster.slow = [FakeCluster.identity(1)]
        try cluster.start(worker: 0)
        try cluster.start(worker: 1)
        // It has four to compute, of which none is reported; the other one is done and waits.
        try cluster.pass(.seconds(4))
        let share = cluster.coordinator.book.shares
        #expect(share[1]!.count == 7 && share[2]!.count == 1, "\(share)")
        cluster.slow = []
        try cluster.finish(1, of: 1)
        expectFinished(cluster)
        #expect(cluster.computed.map(\.shard).sorted() == Array(0..<8))
    }

    @Test func sharesFollowSpeed() {
        #expect(ShardDeal.deal(Array(0..<8), seconds: [1: 1, 2: 4]) == [1: Array(0..<7), 2: [7]])
        #expect(ShardDeal.deal([3, 5], seconds: [1: 1, 2: 1], loads: [1: 4]) == [2: [3, 5]])
        #expect(ShardDeal.deal([], seconds: [:]) == [:])
    }

    // MARK: The coordinator

    @Test(arguments: [0, 1]) func aNewCoordinatorGoesOnFromTheReplicas(lost: Int) throws {
        var cluster = try stuck()
        cluster.slow = []
        cluster.blind = [FakeCluster.identity(1)]
        try cluster.finish(.max, of: 2)
        // Workers 0 and 2 hold a step that was not committed.
        #expect(cluster.committed.isEmpty)
        cluster.blind = []
        let killed: [UInt8] = lost == 0 ? [] : [1]
        for number in killed { cluster.workers[FakeCluster.identity(number)] = nil }
        try cluster.restartCoordinator(wanted: 3)
        try cluster.pass(.seconds(3))
        expectFinished(cluster)
        #expect(cluster.computed.count { $0.step == 0 } == 6)
        #expect(cluster.rewinds == 0)
        #expect(cluster.committed[0].images == 64, "the step that was not written down is, with its metrics")
    }

    @Test func whatNoReplicaHoldsAnyMoreDidNotHappen() throws {
        var cluster = try FakeCluster(schedule: Self.schedule(), workers: 0, wanted: 2)
        cluster.slow = [FakeCluster.identity(0)]
        try cluster.start(worker: 0)
        try cluster.start(worker: 1)
        try cluster.finish(.max, of: 0)
        #expect(cluster.committed.map(\.step) == [1])
        cluster.workers[FakeCluster.identity(0)] = nil
        cluster.workers[FakeCluster.identity(1)] = nil
        try cluster.restartCoordinator(wanted: 1)
        cluster.slow = []
        try cluster.start(worker: 5)
        // Somebody who holds that step may still knock.
        #expect(cluster.outcome == nil)
        try cluster.pass(.seconds(3))
        expectFinished(cluster)
    }

    @Test func aDeadClusterGoesBackToItsCheckpoint() throws {
        var cluster = try FakeCluster(schedule: Self.schedule(), workers: 0, wanted: 1)
        cluster.slow = [FakeCluster.identity(0)]
        try cluster.start(worker: 0)
        try cluster.finish(.max, of: 0)
        #expect(cluster.committed.map(\.step) == [1])
        try cluster.kill(0)
        #expect(cluster.outcome == nil)
        try cluster.start(worker: 1)
        try cluster.pass(.seconds(3))
        expectFinished(cluster)
        #expect(cluster.rewinds == 1)
        #expect(cluster.computed.count { $0.step == 0 } == 12)
    }

    // MARK: The prune

    @Test func aDeathInThePruneChangesNothing() throws {
        for victim in 0..<3 {
            var cluster = try FakeCluster(schedule: Self.schedule(search: 1), workers: 2, wanted: 3)
            cluster.stopped = []
            cluster.slow = [FakeCluster.identity(2)]
            try cluster.start(worker: 2)
            // Worker 0 is asked for the latent vectors, or one does not answer the reshape.
            cluster.slow = []
            let silent = FakeCluster.identity(UInt8(victim))
            try cluster.finish(1, of: 2)
            cluster.stopped = [silent]
            try cluster.finish(1, of: 2)
            cluster.stopped = []
            try cluster.kill(UInt8(victim))
            expectFinished(cluster)
            #expect(cluster.plansDecided == 1)
        }
    }

    @Test func aPlanThatWasWrittenDownIsNotDecidedAgain() throws {
        var cluster = try FakeCluster(schedule: Self.schedule(search: 1), workers: 0, wanted: 2) {
            $0.plan = DecidedPlan(json: "{}", step: 1)
        }
        try cluster.start(worker: 0)
        try cluster.start(worker: 1)
        expectFinished(cluster)
        #expect(cluster.plansDecided == 0)
    }

    // MARK: Checkpoints

    @Test func aCheckpointThatIsLostIsMadeUpFor() throws {
        var cluster = try FakeCluster(
            schedule: RunSchedule(
                searchSteps: 0, totalSteps: 3, shardsPerStep: 4, evaluationShards: 0, evaluateEvery: 9,
                checkpointEvery: 1), workers: 0, wanted: 2)
        cluster.savesHang = true
        cluster.slow = [FakeCluster.identity(1)]
        try cluster.start(worker: 0)
        try cluster.start(worker: 1)
        try cluster.finish(.max, of: 1)
        #expect(cluster.savesAsked == [1])
        cluster.savesHang = false
        cluster.slow = []
        try cluster.kill(0)
        try cluster.finish(.max, of: 1)
        expectFinished(cluster)
        #expect(cluster.savesAbandoned == [1])
        #expect(cluster.savesAsked.last == 3)
    }
}
