import ClusterCore
import Testing

/// A coordinator machine and worker machines joined by one queue; the replicas are numbers instead of
/// networks. Messages are encoded and decoded on the way, as over a socket, and arrive in the order sent.
struct FakeCluster {
    enum Delivery {
        case toCoordinator(CoordinatorEvent)
        case toWorker([UInt8], WorkerEvent)
    }

    /// What stands for a worker's model.
    struct FakeReplica {
        var step: Int?
        var phase = Phase.search
        var last: WireStepDone?
        /// Shards whose sums it holds, of this step and attempt.
        var held: (step: Int, attempt: UInt32, shards: Set<Int>) = (0, 0, [])
        /// Shards that it has still to compute.
        var queue: [Int] = []
        var work: StepWork?
    }

    var coordinator: CoordinatorMachine
    var workers: [[UInt8]: WorkerMachine] = [:]
    var replicas: [[UInt8]: FakeReplica] = [:]
    var now: Duration = .zero
    var committed: [CommittedStep] = []
    var evaluations: [EvaluationResult] = []
    var digests: [Int] = []
    var plansDecided = 0
    /// The steps at which latent vectors came to a decision, and the first of them that gives a plan.
    var looks: [Int] = []
    var searchEnd = 0
    var savesAsked: [Int] = []
    var savesAbandoned: [Int] = []
    var rewinds = 0
    var checkpoint: CoordinatorMachine.Resume?
    var logged: [String] = []
    var outcome: RunOutcome?
    var workerOutcomes: [[UInt8]: WorkerOutcome] = [:]
    /// Shards of (step, attempt) that report an overflow instead of contributing.
    var overflowing: (_ step: Int, _ attempt: UInt32, _ shard: Int) -> Bool = { _, _, _ in false }
    /// Workers that compute only when told by `compute(_:of:)`.
    var slow: Set<[UInt8]> = []
    /// Workers to which nothing is delivered: it waits.
    var stopped: Set<[UInt8]> = []
    /// Members that do not notice that they have gathered everything.
    var blind: Set<[UInt8]> = []
    var savesHang = false
    /// Members between which no connection comes up.
    var apart: Set<[UInt8]> = []
    private var feeds: [(source: [UInt8], target: [UInt8])] = []
    var digestOf: (_ worker: [UInt8], _ step: Int) -> String = { _, step in "state \(step)" }
    /// Every shard computed: by whom, in what step and attempt.
    var computed: [(worker: [UInt8], step: Int, attempt: UInt32, shard: Int)] = []
    /// The overflows that each attempt began with.
    var raised: [[UInt32]] = []
    private var queue: [Delivery] = []
    private var waiting: [[UInt8]: [WorkerEvent]] = [:]
    private var contributions: [Round: [Set<Int>]] = [:]
    private var served: [Round: Set<UInt32>] = [:]

    init(
        schedule: RunSchedule, workers count: Int, wanted: Int? = nil,
        adjust: (inout CoordinatorMachine.Settings) -> Void = { _ in }
    ) throws {
        var settings = CoordinatorMachine.Settings(
            run: .random(), version: "test", recipe: "network: resnet20", schedule: schedule,
            workersWanted: wanted ?? max(count, 1), timeout: .seconds(8), patience: .seconds(100))
        adjust(&settings)
        coordinator = CoordinatorMachine(settings)
        checkpoint = settings.resume
        for number in 0..<count { try start(worker: UInt8(number)) }
    }

    static func identity(_ number: UInt8) -> [UInt8] { [UInt8](repeating: number, count: 16) }

    mutating func start(
        worker number: UInt8, version: String = "test", denseAlgebra: String = "Zen", level: String = "avx2"
    ) throws {
        var hello = WireHello()
        hello.version = version
        hello.denseAlgebra = denseAlgebra
        hello.dataEndpoint = "ipc://\(number)"
        hello.host = "here"
        hello.process = 100 + UInt32(number)
        hello.threads = 1
        hello.instructionLevel = level
        let identity = Self.identity(number)
        workers[identity] = WorkerMachine(
            .init(timeout: .seconds(8), patience: .seconds(60), grace: .seconds(5)))
        replicas[identity] = FakeReplica()
        try tell(.started(hello), to: identity)
    }

    // MARK: Faults

    /// As `kill -9`: its connections break.
    mutating func kill(_ number: UInt8) throws {
        let identity = Self.identity(number)
        workers[identity] = nil
        replicas[identity] = nil
        waiting[identity] = nil
        try tell(.workerDisconnected(incarnation: identity))
    }

    /// The coordinator's process is killed, and another one takes the run up.
    mutating func restartCoordinator(recordedStep: Int? = nil, plan: DecidedPlan? = nil, wanted: Int) throws {
        var settings = coordinator.settings
        settings.knownRuns.append(settings.run)
        settings.run = .random()
        settings.resume = checkpoint
        settings.plan = plan
        settings.recordedStep = recordedStep ?? committed.last?.step ?? 0
        settings.workersWanted = wanted
        queue.removeAll { if case .toCoordinator = $0 { true } else { false } }
        let alive = workers.keys.sorted(by: { $0[0] < $1[0] })
        for identity in alive { try tell(.coordinatorLost, to: identity) }
        coordinator = CoordinatorMachine(settings)
        for identity in alive { try tell(.coordinatorConnected, to: identity) }
    }

    mutating func pass(_ time: Duration) throws {
        let end = now + time
        while now < end {
            now = min(now + .milliseconds(500), end)
            try tell(.tick)
            for identity in workers.keys.sorted(by: { $0[0] < $1[0] }) where !stopped.contains(identity) {
                try tell(.tick, to: identity)
            }
        }
    }

    mutating func wake(_ number: UInt8) throws {
        let identity = Self.identity(number)
        stopped.remove(identity)
        for event in waiting.removeValue(forKey: identity) ?? [] { queue.append(.toWorker(identity, event)) }
        try run()
    }

    // MARK: The queue

    mutating func tell(_ event: WorkerEvent, to identity: [UInt8]) throws {
        queue.append(.toWorker(identity, event))
        try run()
    }

    mutating func tell(_ event: CoordinatorEvent) throws {
        queue.append(.toCoordinator(event))
        try run()
    }

    private mutating func run() throws {
        while !queue.isEmpty {
            switch queue.removeFirst() {
            case .toCoordinator(let event):
                for directive in coordinator.handle(event, at: now) { try perform(directive) }
            case .toWorker(let identity, let event):
                if stopped.contains(identity) {
                    waiting[identity, default: []].append(event)
                } else if let directives = workers[identity]?.handle(event, at: now) {
                    for directive in directives { try perform(directive, of: identity) }
                }
            }
        }
    }

    private func recoded(_ message: ControlMessage) throws -> ControlMessage {
        try ControlMessage(decoding: message.encoded())
    }

    private mutating func perform(_ directive: CoordinatorDirective) throws {
        switch directive {
        case .send(let message, let identity):
            queue.append(.toWorker(identity, .message(try recoded(message))))
        case .record(let step): committed.append(step)
        case .continueFrom(let step): committed.removeAll { $0.step > step }
        case .recordDigest(let step, _): digests.append(step)
        case .recordEvaluation(let result): evaluations.append(result)
        case .decidePlan(let step, _):
            looks.append(step)
            let isEnd = step >= searchEnd || step == coordinator.settings.schedule.searchSteps
            plansDecided += isEnd ? 1 : 0
            queue.append(.toCoordinator(isEnd ? .planDecided(json: "{}") : .searchGoesOn))
        case .receiveCheckpoint(let step, _, _): savesAsked.append(step)
        case .abandonCheckpoint(let step): savesAbandoned.append(step)
        case .rewind:
            rewinds += 1
            queue.append(.toCoordinator(.rewound(checkpoint)))
        case .sendInitialState(let identity):
            var head = WireLoadState()
            head.step = UInt64(coordinator.step)
            head.phase = coordinator.phase.rawValue
            head.fromSeed = checkpoint == nil
            let message = coordinator.envelope(.loadState(head))
            queue.append(.toWorker(identity, .message(try recoded(message))))
        case .finish(let outcome): self.outcome = outcome
        case .log(let text): logged.append(text)
        }
    }

    // MARK: Replicas

    private mutating func answer(_ event: WorkerEvent, from identity: [UInt8]) {
        queue.append(.toWorker(identity, event))
    }

    private mutating func perform(_ directive: WorkerDirective, of identity: [UInt8]) throws {
        switch directive {
        case .send(let message):
            queue.append(.toCoordinator(.message(try recoded(message), sender: identity)))
        case .prepare(let welcome):
            if !welcome.keep { replicas[identity] = FakeReplica() }
            answer(.prepared(ready(of: identity)), from: identity)
        case .loadState(let head):
            replicas[identity]!.step = Int(head.step)
            replicas[identity]!.phase = Phase(rawValue: head.phase)!
            answer(.prepared(ready(of: identity)), from: identity)
        case .compute(let work): compute(work, by: identity)
        case .contribute(let work): contribute(work, by: identity)
        case .serve(let work):
            served[Round(work), default: []].insert(workers[identity]!.number)
            noticeGathered(Round(work))
        case .yield(let step, let attempt, let count):
            let queued = replicas[identity]!.queue
            let yielded = Array(queued.suffix(max(0, min(count, queued.count - 1))))
            replicas[identity]!.queue.removeAll { yielded.contains($0) }
            answer(.yielded(step: step, attempt: attempt, shards: yielded), from: identity)
        case .apply(let step, let attempt): apply(step, attempt, by: identity)
        case .evaluate(let step, let shards): evaluate(step, shards, by: identity)
        case .weigh(let step):
            var importance = WireImportance()
            importance.step = UInt64(step)
            answer(.weighed(importance), from: identity)
        case .reshape(let step, _):
            replicas[identity]!.phase = .converge
            var reshaped = WireReshaped()
            reshaped.step = UInt64(step)
            reshaped.digest = digestOf(identity, step)
            answer(.reshaped(reshaped), from: identity)
        case .snapshot(let step, let stream): snapshot(step, stream, by: identity)
        case .feed(let feed): feedState(feed, from: identity)
        case .suspend: replicas[identity]!.queue = []
        case .reportHeld: answer(.held(held(by: identity)), from: identity)
        case .exit(let outcome): workerOutcomes[identity] = outcome
        case .connect(let members, _):
            for member in members where !apart.isSuperset(of: [identity, Array(member.incarnation)]) {
                answer(.peerConnected(member.worker), from: identity)
            }
            feeds.removeAll { feed in members.contains { Array($0.incarnation) == feed.target } }
        }
    }

    private func ready(of identity: [UInt8]) -> WireReady {
        var ready = WireReady()
        guard let step = replicas[identity]!.step else { return ready }
        ready.holds = true
        ready.step = UInt64(step)
        ready.phase = replicas[identity]!.phase.rawValue
        ready.digest = digestOf(identity, step)
        return ready
    }

    private func held(by identity: [UInt8]) -> WireHeld? {
        guard let step = replicas[identity]!.step, let run = workers[identity]!.run else { return nil }
        var held = WireHeld()
        held.run.append(contentsOf: run.bytes)
        held.step = UInt64(step)
        held.phase = replicas[identity]!.phase.rawValue
        if let last = replicas[identity]!.last { held.last = last }
        return held
    }

    private mutating func compute(_ work: StepWork, by identity: [UInt8]) {
        var replica = replicas[identity]!
        if replica.held.step != work.step || replica.held.attempt != work.attempt {
            replica.held = (work.step, work.attempt, [])
            if !work.overflows.isEmpty { raised.append(work.overflows.map(\.segment)) }
        }
        replica.work = work
        replica.queue = work.shards.filter { !replica.held.shards.contains($0) }
        replicas[identity] = replica
        if !slow.contains(identity) { compute(.max, of: identity) }
        noticeGathered(Round(work))
    }

    /// A slow worker computes so many of its shards.
    mutating func finish(_ count: Int, of number: UInt8) throws {
        compute(count, of: Self.identity(number))
        try run()
    }

    private mutating func compute(_ count: Int, of identity: [UInt8]) {
        guard let work = replicas[identity]!.work else { return }
        for shard in replicas[identity]!.queue.prefix(count) {
            replicas[identity]!.queue.removeFirst()
            replicas[identity]!.held.shards.insert(shard)
            computed.append((identity, work.step, work.attempt, shard))
            var report = WireComputed()
            report.step = UInt64(work.step)
            report.attempt = work.attempt
            report.shards = [UInt32(shard)]
            report.seconds = 0.1
            if overflowing(work.step, work.attempt, shard) {
                var overflow = WireOverflow()
                overflow.segment = UInt32(shard)
                overflow.magnitude = 2
                report.overflows = [overflow]
            }
            answer(.computed(report), from: identity)
        }
    }

    private mutating func contribute(_ work: StepWork, by identity: [UInt8]) {
        let round = Round(work)
        let before = contributions[round, default: []].reduce(into: Set()) { $0.formUnion($1) }
        let share = Set(work.shards)
        #expect(share.isSubset(of: replicas[identity]!.held.shards))
        // What went out in this round already does not go out again.
        contributions[round, default: []].append(share.subtracting(before))
        noticeGathered(round)
    }

    private mutating func noticeGathered(_ round: Round) {
        let shards = contributions[round, default: []].reduce(into: Set()) { $0.formUnion($1) }
        let isWhole = shards.count == coordinator.settings.schedule.shardsPerStep
        for (identity, replica) in replicas.sorted(by: { $0.key[0] < $1.key[0] }) {
            guard let work = replica.work, Round(work) == round, !blind.contains(identity) else { continue }
            let isServed = Set(work.partOwners).isSubset(of: served[round, default: []])
            guard isWhole || isServed else { continue }
            replicas[identity]!.work = nil
            answer(.gathered(step: round.step, attempt: round.attempt), from: identity)
        }
    }

    private mutating func apply(_ step: Int, _ attempt: UInt32, by identity: [UInt8]) {
        var done = WireStepDone()
        done.step = UInt64(step)
        done.attempt = attempt
        done.metrics.images = 64
        replicas[identity]!.step = step + 1
        replicas[identity]!.last = done
        answer(.applied(done), from: identity)
        for feed in feeds where feed.source == identity {
            replicas[feed.target]?.step = step + 1
            guard workers[feed.target] != nil else { continue }
            var next = ready(of: feed.target)
            next.digest = ""
            answer(.prepared(next), from: feed.target)
        }
    }

    private mutating func evaluate(_ step: Int, _ shards: [Int], by identity: [UInt8]) {
        guard !slow.contains(identity) else { return }
        var evaluated = WireEvaluated()
        evaluated.step = UInt64(step)
        evaluated.shards = shards.map { shard in
            var counts = WireShardCounts()
            counts.shard = UInt32(shard)
            counts.images = 1
            counts.top1 = 1
            return counts
        }
        answer(.evaluated(evaluated), from: identity)
    }

    private mutating func snapshot(_ step: Int, _ stream: Bool, by identity: [UInt8]) {
        var digest = WireStateDigest()
        digest.step = UInt64(step)
        digest.digest = digestOf(identity, step)
        answer(.digested(digest), from: identity)
        guard stream, !savesHang else { return }
        checkpoint = .init(step: step, phase: replicas[identity]!.phase)
        queue.append(.toCoordinator(.checkpointWritten(step: step)))
    }

    /// The joining worker has the source's state at once, and later steps' vectors as the source applies
    /// them.
    private mutating func feedState(_ feed: WireFeed, from source: [UInt8]) {
        guard !feed.cancel,
            let target = workers.first(where: { $0.value.number == feed.worker })?.key
        else { return }
        replicas[target]!.step = replicas[source]!.step
        replicas[target]!.phase = replicas[source]!.phase
        feeds.removeAll { $0.target == target }
        feeds.append((source, target))
        answer(.prepared(ready(of: target)), from: target)
    }
}
