/// A worker's decisions: which messages are meant for it now, and what to do next. A function of its state,
/// an event and the time; the driver (Training) carries out the directives.
public struct WorkerMachine: Sendable {
    enum Stage: Equatable {
        case joining
        case preparing
        case waiting
        case computing
        case reducing
        case applying
        case finished
    }

    /// Where a data message belongs.
    public enum Placing: Equatable, Sendable {
        case current
        /// Of an attempt that the coordinator's message will announce in a moment: keep it.
        case early
        case stale
    }

    /// Given by the coordinator; 0 before.
    public private(set) var number: UInt32 = 0
    public private(set) var run: RunID?
    public private(set) var generation: UInt64 = 0
    public private(set) var step = 0
    public private(set) var attempt: UInt32 = 0
    public private(set) var timeout: Duration
    private let coordinator: String
    private var stage = Stage.joining
    private var now: Duration = .zero
    private var lastHeard: Duration = .zero
    private var heartbeatDue: Duration = .zero
    private var directives: [WorkerDirective] = []
    /// The first peer whose connection broke, and when.
    private var lostPeer: (worker: UInt32, since: Duration)?

    /// - Parameters:
    ///   - timeout: a coordinator unheard of for so long is gone.
    ///   - coordinator: what to call it in messages to people.
    public init(timeout: Duration, coordinator: String = "the coordinator") {
        self.timeout = timeout
        self.coordinator = coordinator
    }

    public var isFinished: Bool { stage == .finished }

    public mutating func handle(_ event: WorkerEvent, at time: Duration) -> [WorkerDirective] {
        now = time
        directives = []
        guard stage != .finished else { return [] }
        switch event {
        case .started(let hello): send(.hello(hello))
        case .message(let message): receive(message)
        case .prepared(let ready): prepared(ready)
        case .computed(let computed): noteComputed(computed)
        case .gathered(let step, let attempt): noteGathered(step, attempt)
        case .applied(let done): noteApplied(done)
        case .evaluated(let evaluated): send(.evaluated(evaluated))
        case .weighed(let importance): send(.importance(importance))
        case .reshaped(let reshaped): send(.reshaped(reshaped))
        case .digested(let digest): send(.stateDigest(digest))
        case .peerLost(let worker): lostPeer = lostPeer ?? (worker, now)
        case .coordinatorLost: exit(.failed("\(coordinator) is gone (connection closed)"))
        case .failed(let reason): fail(reason)
        case .leaveRequested(let reason): leave(reason)
        case .tick: tick()
        }
        return directives
    }

    /// The place of a data message of this run.
    public func placing(generation: UInt64, step: Int, attempt: UInt32) -> Placing {
        if generation == self.generation && step == self.step && attempt == self.attempt
            && (stage == .computing || stage == .reducing)
        {
            return .current
        }
        guard generation == self.generation || generation == self.generation + 1 else { return .stale }
        let isLater =
            step == self.step + 1 || (step == self.step && (attempt > self.attempt || stage == .waiting))
        return generation > self.generation || isLater ? .early : .stale
    }

    // MARK: From the coordinator

    private mutating func receive(_ message: ControlMessage) {
        lastHeard = now
        switch message.body {
        case .welcome(let welcome): return join(welcome, run: message.run)
        case .refusal(let refusal):
            return exit(.failed("\(coordinator) refused this worker: \(refusal.reason)"))
        default: break
        }
        guard let run, message.run == run else { return }
        switch message.body {
        case .stop(let stop): return exit(stop.failed ? .failed(stop.reason) : .done(stop.reason))
        case .loadState(let head): return directives.append(.loadState(head))
        case .formation(let formation) where message.generation > generation:
            generation = message.generation
            lostPeer = nil
            return directives.append(.connect(formation.members, generation: generation))
        default: break
        }
        guard message.generation == generation else { return }
        switch message.body {
        case .beginStep(let begin): beginStep(begin)
        case .evaluate(let evaluate):
            directives.append(
                .evaluate(step: Int(clamping: evaluate.step), shards: shards(of: evaluate.assignments)))
        case .reportImportance(let report): directives.append(.weigh(step: Int(clamping: report.step)))
        case .reshape(let reshape):
            directives.append(.reshape(step: Int(clamping: reshape.step), plan: reshape.plan))
        case .sendState(let request):
            directives.append(.snapshot(step: Int(clamping: request.step), stream: request.worker == number))
        default: break
        }
    }

    private mutating func join(_ welcome: WireWelcome, run: RunID?) {
        guard stage == .joining, let run else { return }
        self.run = run
        number = welcome.worker
        stage = .preparing
        directives.append(.prepare(welcome))
    }

    private mutating func prepared(_ ready: WireReady) {
        guard stage == .preparing else { return }
        stage = .waiting
        step = Int(clamping: ready.step)
        send(.ready(ready))
    }

    private func shards(of assignments: [WireAssignment]) -> [Int] {
        assignments.first { $0.worker == number }?.shards.map(Int.init) ?? []
    }

    // MARK: A step

    private mutating func beginStep(_ begin: WireBeginStep) {
        let first = begin.attempt == 0 && stage == .waiting && begin.step == UInt64(step)
        let again = begin.attempt > attempt && stage != .applying && begin.step == UInt64(step)
        guard first || again else { return }
        guard !begin.partOwners.isEmpty else {
            return fail("\(coordinator) gave step \(begin.step) no owners")
        }
        attempt = begin.attempt
        stage = .computing
        directives.append(
            .compute(
                StepWork(
                    step: step, attempt: attempt, shards: shards(of: begin.assignments),
                    partOwners: begin.partOwners, overflows: begin.overflows)))
    }

    private mutating func noteComputed(_ computed: WireComputed) {
        guard stage == .computing, computed.step == UInt64(step), computed.attempt == attempt else { return }
        stage = .reducing
        if !computed.shards.isEmpty { send(.computed(computed)) }
        if computed.overflows.isEmpty { directives.append(.contribute(step: step, attempt: attempt)) }
    }

    private mutating func noteGathered(_ step: Int, _ attempt: UInt32) {
        guard stage == .reducing, step == self.step, attempt == self.attempt else { return }
        stage = .applying
        directives.append(.apply(step: step, attempt: attempt))
    }

    private mutating func noteApplied(_ done: WireStepDone) {
        guard stage == .applying, done.step == UInt64(step) else { return }
        stage = .waiting
        step += 1
        attempt = 0
        send(.stepDone(done))
    }

    // MARK: Leaving

    private mutating func tick() {
        if now >= heartbeatDue && run != nil {
            heartbeatDue = now + timeout / 4
            var heartbeat = WireHeartbeat()
            heartbeat.step = UInt64(step)
            send(.heartbeat(heartbeat))
        }
        // At the end of a run workers hang up in any order, so a broken connection alone says nothing yet.
        if let lostPeer, now - lostPeer.since > timeout / 4 {
            return fail("the connection to worker \(lostPeer.worker) broke")
        }
        if now - lastHeard > timeout {
            exit(.failed("\(coordinator) was not heard of for \(timeout)"))
        }
    }

    private mutating func fail(_ reason: String) {
        var failure = WireFailure()
        failure.reason = reason
        send(.failure(failure))
        exit(.failed(reason))
    }

    /// The run goes on to its next boundary, writes a checkpoint and tells this worker to stop.
    private mutating func leave(_ reason: String) {
        guard run != nil else { return exit(.done(reason)) }
        var goodbye = WireGoodbye()
        goodbye.reason = reason
        send(.goodbye(goodbye))
    }

    private mutating func exit(_ outcome: WorkerOutcome) {
        stage = .finished
        directives.append(.exit(outcome))
    }

    private mutating func send(_ body: ControlMessage.Body) {
        directives.append(.send(ControlMessage(run: run, generation: generation, body: body)))
    }
}
