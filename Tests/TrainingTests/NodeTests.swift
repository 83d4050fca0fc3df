import ClusterCore
import Testing
import Transport

@testable import Training

/// Whoever comes, goes or dies, and whatever is lost, the bits are those of one replica alone.
@Suite(.timeLimit(.minutes(20))) struct NodeTests {
    private static func definition() throws -> RunDefinition {
        try TestDefinitions.make(searchSteps: 2, epochs: 2, "checkpoint:\n  every_steps: 3")
    }

    /// The digest of the last state, as one replica comes to it.
    private static let expected = Result { () throws -> String in
        let definition = try Self.definition()
        let replica = try TestDefinitions.replica(definition, threads: 2)
        for step in 0..<definition.schedule.totalSteps {
            if step == definition.searchSteps {
                try replica.reshape(try #require(try LocalSearch.decide(replica).plan))
            }
            _ = try LocalSearch.step(replica)
        }
        return replica.digest()
    }

    /// The run is done, every step is there once, with every shard, and the state is the expected one.
    private func expectGoodEnd(
        _ cluster: NodeCluster, at location: SourceLocation = #_sourceLocation
    ) throws {
        #expect(try cluster.finish() == .done, sourceLocation: location)
        let store = cluster.store!
        let total = cluster.definition.schedule.totalSteps
        #expect(store.steps.map(\.step) == Array(1...total), sourceLocation: location)
        for step in store.steps where !step.participants.isEmpty {
            #expect(
                step.participants.values.joined().sorted() == Array(0..<4), "\(step.step)",
                sourceLocation: location)
        }
        #expect(store.digests[total] == (try Self.expected.get()), "\(store.notes)", sourceLocation: location)
        #expect(store.evaluations.last?.images == 50, sourceLocation: location)
    }

    @Test(arguments: [1, 2, 3]) func undisturbed(workers: Int) throws {
        let cluster = try NodeCluster(Self.definition(), workers: workers)
        try expectGoodEnd(cluster)
        #expect(cluster.store.steps.allSatisfy { $0.generation == 1 })
    }

    /// One dies in a step of either phase, another comes and is fed the state.
    @Test(arguments: [0, 1, 4, 6]) func oneDiesAndOneComes(step: Int) throws {
        let cluster = try NodeCluster(Self.definition(), workers: 3)
        try cluster.run(toStep: step)
        // In the middle of something.
        try cluster.run(turns: Int.random(in: 0..<40))
        cluster.kill(1)
        try cluster.join()
        try expectGoodEnd(cluster)
        #expect(cluster.store.rewinds == 0)
    }

    /// The first that is killed at a step is a different one each time; the last two of three at once.
    @Test func severalDie() throws {
        let cluster = try NodeCluster(Self.definition(), workers: 3)
        for step in [1, 3, 5, 7] {
            try cluster.run(toStep: step)
            try cluster.run(turns: Int.random(in: 0..<40))
            cluster.kill(0)
            try cluster.join(threads: 2)
        }
        try cluster.run(toStep: 8)
        cluster.kill(0)
        cluster.kill(0)
        try cluster.join()
        try expectGoodEnd(cluster)
    }

    /// Nobody is left: the run goes back to its checkpoint, or to the seed.
    @Test(arguments: [2, 5]) func allDie(step: Int) throws {
        let cluster = try NodeCluster(Self.definition(), workers: 2)
        try cluster.run(toStep: step)
        cluster.kill(0)
        cluster.kill(0)
        try cluster.run(turns: 5)
        try cluster.join()
        try cluster.join()
        try expectGoodEnd(cluster)
        #expect(cluster.store.rewinds == 1)
    }

    /// Workers keep their replicas and go on under another coordinator.
    @Test(arguments: [0, 1, 2, 5]) func coordinatorDies(step: Int) throws {
        let cluster = try NodeCluster(Self.definition(), workers: 2)
        try cluster.run(toStep: step)
        try cluster.run(turns: Int.random(in: 0..<40))
        cluster.killCoordinator()
        let before = cluster.store.steps.count
        try cluster.run(turns: 20)
        try cluster.launch(workersWanted: 2)
        try cluster.run(toStep: before + 1)
        try expectGoodEnd(cluster)
        #expect(cluster.store.rewinds == 0)
    }

    /// One of fifty messages between workers is lost with its connection.
    @Test func connectionsBreak() throws {
        let cluster = try NodeCluster(Self.definition(), workers: 3)
        cluster.network.judge { passage in
            let isBetweenWorkers = passage.sender.hasPrefix("w") && passage.receiver.hasPrefix("w")
            return isBetweenWorkers && Int.random(in: 0..<50) == 0 ? .disconnect : .deliver
        }
        try cluster.run(toStep: 4)
        try cluster.join()
        try expectGoodEnd(cluster)
    }

    /// Told to leave, one goes at a boundary, and is done.
    @Test func oneLeaves() throws {
        let cluster = try NodeCluster(Self.definition(), workers: 2)
        try cluster.run(toStep: 3)
        try cluster.workers[0].node.leave(reason: "terminated")
        try cluster.run { cluster.workers[0].node.outcome != nil }
        #expect(cluster.workers[0].node.outcome == .done("it left the run"))
        try expectGoodEnd(cluster)
    }
}
