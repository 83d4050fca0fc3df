import Testing

@testable import ClusterCore

@Suite struct WorkerMachineTests {
    private var worker = WorkerMachine(
        .init(timeout: .seconds(8), patience: .seconds(60), grace: .seconds(5)))

    /// Hears a message of the coordinator.
    private mutating func deliver(
        _ body: ControlMessage.Body, generation: UInt64 = 0, at time: Duration = .zero
    ) -> [WorkerDirective] {
        worker.handle(
            .message(ControlMessage(run: MessageTests.run, generation: generation, body: body)), at: time)
    }

    /// Takes the worker to its first generation.
    private mutating func join() {
        var welcome = WireWelcome()
        welcome.worker = 1
        _ = deliver(.welcome(welcome))
        var ready = WireReady()
        ready.holds = true
        _ = worker.handle(.prepared(ready), at: .zero)
        var formation = WireFormation()
        formation.members = [UInt32(1), 3].map { number in
            var member = WireMember()
            member.worker = number
            return member
        }
        _ = deliver(.formation(formation), generation: 1)
    }

    @Test mutating func dataMessagesAreEarlyCurrentOrStale() {
        join()
        #expect(worker.placing(generation: 1, step: 0, attempt: 0) == .early)
        #expect(worker.placing(generation: 2, step: 0, attempt: 0) == .early)
        var begin = WireBeginStep()
        begin.partOwners = [1]
        _ = deliver(.beginStep(begin), generation: 1)
        #expect(worker.placing(generation: 1, step: 0, attempt: 0) == .current)
        #expect(worker.placing(generation: 1, step: 0, attempt: 1) == .early)
        #expect(worker.placing(generation: 1, step: 1, attempt: 0) == .early)
        #expect(worker.placing(generation: 1, step: 2, attempt: 0) == .stale)
        #expect(worker.placing(generation: 0, step: 0, attempt: 0) == .stale)
    }

    /// Between a formation and its round, blocks of the new generation are to be kept.
    @Test mutating func blocksMayComeBeforeTheirRound() {
        join()
        var begin = WireBeginStep()
        begin.partOwners = [1]
        _ = deliver(.beginStep(begin), generation: 1)
        var formation = WireFormation()
        formation.members = [WireMember()]
        formation.members[0].worker = 1
        _ = deliver(.formation(formation), generation: 2)
        #expect(worker.placing(generation: 2, step: 0, attempt: 0) == .early)
        #expect(worker.placing(generation: 1, step: 0, attempt: 0) == .stale)
        _ = deliver(.beginStep(begin), generation: 2)
        #expect(worker.placing(generation: 2, step: 0, attempt: 0) == .current)
    }

    @Test mutating func lostMessagesOfAPeerAreTold() {
        join()
        for event in [WorkerEvent.peerDisconnected(3), .peerDamaged(3)] {
            let directives = worker.handle(event, at: .seconds(1))
            guard case .send(let message) = directives.first, case .peerLost(let lost) = message.body else {
                Issue.record("nothing told")
                return
            }
            #expect(lost.worker == 3 && message.generation == 1)
        }
        #expect(worker.handle(.peerDisconnected(9), at: .seconds(1)).isEmpty, "9 is no member")
    }

    @Test mutating func aCoordinatorThatNeverSpeaksEndsTheWorker() {
        _ = worker.handle(.started(WireHello()), at: .zero)
        for second in [3, 6] { #expect(worker.handle(.tick, at: .seconds(second)).isEmpty) }
        let directives = worker.handle(.tick, at: .seconds(9))
        guard case .exit(.failed(let reason)) = directives.last else {
            Issue.record("no exit")
            return
        }
        #expect(reason.contains("8.0 s"))
    }

    @Test mutating func aWorkerKnocksAndGivesUpInTheEnd() {
        join()
        _ = worker.handle(.coordinatorLost, at: .seconds(1))
        var knocks = 0
        for second in 2...60 {
            for directive in worker.handle(.tick, at: .seconds(second)) {
                if case .reportHeld = directive { knocks += 1 }
            }
        }
        #expect((10...20).contains(knocks))
        #expect(!worker.isFinished)
        _ = worker.handle(.tick, at: .seconds(62))
        #expect(worker.isFinished)
    }

    /// A process that stood still gives the others' words time to be read.
    @Test mutating func ownStandstillIsNobodysDeath() {
        join()
        _ = worker.handle(.tick, at: .seconds(1))
        let directives = worker.handle(.tick, at: .seconds(100))
        #expect(directives.allSatisfy { if case .suspend = $0 { false } else { true } })
    }
}
