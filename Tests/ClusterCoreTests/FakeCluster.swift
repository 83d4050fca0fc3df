import ClusterCore

/// A coordinator machine and worker machines joined by queues; the replicas are numbers instead of networks.
/// Messages are encoded and decoded on the way, as over a socket.
struct FakeCluster {
    var coordinator: CoordinatorMachine
    var workers: [[UInt8]: WorkerMachine] = [:]
    var now: Duration = .zero
    var committed: [CommittedStep] = []
    var evaluations: [EvaluationResult] = []
    var plansDecided = 0
    var savesAsked: [Int] = []
    var outcome: RunOutcome?
    var workerOutcomes: [[UInt8]: WorkerOutcome] = [:]
    /// Shards of (step, attempt) that report an overflow instead of contributing.
    var overflowing: (_ step: Int, _ attempt: UInt32, _ shard: Int) -> Bool = { _, _, _ in false }
    /// Workers never get ready.
    var areMute = false
    var digestOf: (_ worker: [UInt8], _ step: Int) -> String = { _, step in "state \(step)" }
    /// Work that the workers have begun, for tests that look at assignments.
    var worked: [StepWork] = []
    private var contributed: [[UInt8]: Set<Int>] = [:]

    init(schedule: RunSchedule, workers count: Int, resume: CoordinatorMachine.Resume? = nil) throws {
        coordinator = CoordinatorMachine(
            CoordinatorMachine.Settings(
                run: .random(), version: "test", recipe: "network: resnet20", schedule: schedule,
                workersWanted: count, timeout: .seconds(8), resume: resume))
        for number in 0..<count { try start(worker: UInt8(number)) }
    }

    mutating func start(
        worker number: UInt8, version: String = "test", denseAlgebra: String = "Zen", level: String = "avx2"
    )
        throws
    {
        var hello = WireHello()
        hello.version = version
        hello.denseAlgebra = denseAlgebra
        hello.dataEndpoint = "ipc://\(number)"
        hello.host = "here"
        hello.process = 100 + UInt32(number)
        hello.instructionLevel = level
        let identity = [UInt8](repeating: number, count: 16)
        workers[identity] = WorkerMachine(timeout: .seconds(8))
        try tell(.started(hello), to: identity)
    }

    mutating func tell(_ event: WorkerEvent, to identity: [UInt8]) throws {
        guard let directives = workers[identity]?.handle(event, at: now) else { return }
        for directive in directives { try perform(directive, of: identity) }
    }

    mutating func tell(_ event: CoordinatorEvent) throws {
        for directive in coordinator.handle(event, at: now) { try perform(directive) }
    }

    private func recoded(_ message: ControlMessage) throws -> ControlMessage {
        try ControlMessage(decoding: message.encoded())
    }

    private mutating func perform(_ directive: CoordinatorDirective) throws {
        switch directive {
        case .send(let message, let identity):
            try tell(.message(try recoded(message)), to: identity)
        case .record(let step):
            committed.append(step)
            contributed = [:]
        case .recordEvaluation(let result): evaluations.append(result)
        case .decidePlan:
            plansDecided += 1
            try tell(.planDecided(json: "{}"))
        case .receiveCheckpoint(let step, _, _): savesAsked.append(step)
        case .finish(let outcome): self.outcome = outcome
        case .sendInitialState, .log: break
        }
    }

    private mutating func perform(_ directive: WorkerDirective, of identity: [UInt8]) throws {
        switch directive {
        case .send(let message): try tell(.message(try recoded(message), sender: identity))
        case .prepare:
            guard !areMute else { return }
            var ready = WireReady()
            ready.step = UInt64(coordinator.step)
            try tell(.prepared(ready), to: identity)
        case .compute(let work): try compute(work, by: identity)
        case .contribute(let step, let attempt): try contribute(step, attempt)
        case .apply(let step, let attempt):
            var done = WireStepDone()
            done.step = UInt64(step)
            done.attempt = attempt
            done.metrics.images = 64
            try tell(.applied(done), to: identity)
        case .evaluate(let step, let shards):
            guard !shards.isEmpty else { return }
            var evaluated = WireEvaluated()
            evaluated.step = UInt64(step)
            evaluated.images = UInt64(shards.count)
            evaluated.top1 = 1
            try tell(.evaluated(evaluated), to: identity)
        case .weigh(let step):
            var importance = WireImportance()
            importance.step = UInt64(step)
            try tell(.weighed(importance), to: identity)
        case .reshape(let step, _):
            var reshaped = WireReshaped()
            reshaped.step = UInt64(step)
            reshaped.digest = digestOf(identity, step)
            try tell(.reshaped(reshaped), to: identity)
        case .snapshot(let step, let stream):
            var digest = WireStateDigest()
            digest.step = UInt64(step)
            digest.digest = digestOf(identity, step)
            try tell(.digested(digest), to: identity)
            if stream { try tell(.checkpointWritten(step: step)) }
        case .exit(let outcome): workerOutcomes[identity] = outcome
        case .loadState, .connect: break
        }
    }

    private mutating func compute(_ work: StepWork, by identity: [UInt8]) throws {
        worked.append(work)
        var computed = WireComputed()
        computed.step = UInt64(work.step)
        computed.attempt = work.attempt
        computed.shards = work.shards.map(UInt32.init)
        for shard in work.shards where overflowing(work.step, work.attempt, shard) {
            var overflow = WireOverflow()
            overflow.segment = UInt32(shard)
            overflow.magnitude = 2
            computed.overflows.append(overflow)
        }
        if computed.overflows.isEmpty { contributed[identity] = Set(work.shards) }
        try tell(.computed(computed), to: identity)
    }

    /// The parts are complete once all shards of the attempt have been contributed.
    private mutating func contribute(_ step: Int, _ attempt: UInt32) throws {
        let shards = contributed.values.reduce(into: Set<Int>()) { $0.formUnion($1) }
        guard shards.count == coordinator.settings.schedule.shardsPerStep else { return }
        contributed = [:]
        for identity in workers.keys.sorted(by: { $0[0] < $1[0] }) {
            try tell(.gathered(step: step, attempt: attempt), to: identity)
        }
    }
}
