/// A worker's decisions: which messages are meant for it now, and what to do next. A function of its state,
/// an event and the time; the driver (Training) carries out the directives.
public struct WorkerMachine: Sendable {
    public struct Settings: Sendable {
        /// A coordinator unheard of for so long is gone.
        public var timeout: Duration
        /// How long to knock at a coordinator that is gone.
        public var patience: Duration
        /// How long to stay at most after being told to leave.
        public var grace: Duration
        /// What to call the coordinator in messages to people.
        public var coordinator: String

        public init(
            timeout: Duration, patience: Duration = .seconds(600), grace: Duration = .seconds(30),
            coordinator: String = "the coordinator"
        ) {
            self.timeout = timeout
            self.patience = patience
            self.grace = grace
            self.coordinator = coordinator
        }
    }

    enum Stage: Equatable {
        /// Says hello, or has said it.
        case joining
        case preparing
        case idle
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

    public let settings: Settings
    /// Given by the coordinator; 0 before.
    public internal(set) var number: UInt32 = 0
    public internal(set) var run: RunID?
    public internal(set) var generation: UInt64 = 0
    public internal(set) var step = 0
    public internal(set) var attempt: UInt32 = 0
    /// Whether this worker belongs to the present generation.
    public internal(set) var isMember = false
    var stage = Stage.joining
    var now: Duration = .zero
    var directives: [WorkerDirective] = []
    /// Of the attempt in hand: what was begun, which of its shards are computed, which are not.
    var work: StepWork?
    var computed: Set<Int> = []
    var pending: Set<Int> = []
    var hasOverflow = false
    /// Whether the coordinator waits for an answer to `yield`.
    var yieldIsAsked = false
    var others: Set<UInt32> = []
    var connected: Set<UInt32> = []
    private var hello = WireHello()
    private var lastHeard: Duration = .zero
    private var lastTick: Duration = .zero
    private var heartbeatDue: Duration = .zero
    private var knockDue: Duration = .zero
    /// Since when there is no coordinator; nil while there is one, and before the first.
    private var orphanedSince: Duration?
    private var leaving: (since: Duration, reason: String)?

    public init(_ settings: Settings) {
        self.settings = settings
    }

    public var isFinished: Bool { stage == .finished }

    public mutating func handle(_ event: WorkerEvent, at time: Duration) -> [WorkerDirective] {
        now = time
        directives = []
        guard stage != .finished else { return [] }
        switch event {
        case .started(let hello):
            self.hello = hello
            sayHello(nil)
        case .message(let message): receive(message)
        case .prepared(let ready): prepared(ready)
        case .computed(let computed): noteComputed(computed)
        case .yielded(let step, let attempt, let shards): noteYielded(step, attempt, shards)
        case .gathered(let step, let attempt): noteGathered(step, attempt)
        case .applied(let done): noteApplied(done)
        case .evaluated(let evaluated): send(.evaluated(evaluated))
        case .weighed(let importance): send(.importance(importance))
        case .reshaped(let reshaped): send(.reshaped(reshaped))
        case .digested(let digest): send(.stateDigest(digest))
        case .held(let held): if stage == .joining { sayHello(held) }
        case .feedEnded(let ended): send(.feedEnded(ended))
        case .peerConnected(let worker): connected.insert(worker)
        case .peerDisconnected(let worker):
            connected.remove(worker)
            losePeer(worker)
        case .peerDamaged(let worker): losePeer(worker)
        case .coordinatorLost: loseCoordinator()
        case .coordinatorConnected: if orphanedSince != nil { knock() }
        case .failed(let reason, let everywhere): fail(reason, everywhere: everywhere)
        case .leaveRequested(let reason): leave(reason)
        case .tick: tick()
        }
        return directives
    }

    /// The place of a data message of this run.
    public func placing(generation: UInt64, step: Int, attempt: UInt32) -> Placing {
        guard generation >= self.generation else { return .stale }
        guard generation == self.generation else { return .early }
        // Peers may know of this generation's round before this worker does.
        guard work?.generation == generation else { return step >= self.step ? .early : .stale }
        if step == self.step && attempt == self.attempt && (stage == .computing || stage == .reducing) {
            return .current
        }
        let isLater =
            step == self.step + 1 || (step == self.step && (attempt > self.attempt || stage == .idle))
        return isLater ? .early : .stale
    }

    // MARK: From the coordinator

    private mutating func receive(_ message: ControlMessage) {
        lastHeard = now
        switch message.body {
        case .welcome(let welcome): return join(welcome, run: message.run)
        case .refusal(let refusal):
            return exit(.failed("\(settings.coordinator) refused this worker: \(refusal.reason)"))
        case .stop(let stop) where stage == .joining || message.run == run:
            return exit(stop.failed ? .failed(stop.reason) : .done(stop.reason))
        case .heartbeat where orphanedSince != nil:
            // It knows of this worker and has it wait.
            orphanedSince = now
        default: break
        }
        guard let run, message.run == run, orphanedSince == nil else { return }
        switch message.body {
        case .dropped: return beDropped()
        case .loadState(let head): return directives.append(.loadState(head))
        case .formation(let formation): return take(formation, generation: message.generation)
        default: break
        }
        guard message.generation == generation else { return }
        switch message.body {
        case .beginStep(let begin): beginStep(begin)
        case .yield(let request): yield(request)
        case .evaluate(let evaluate):
            directives.append(
                .evaluate(step: Int(clamping: evaluate.step), shards: shards(of: evaluate.assignments)))
        case .reportImportance(let report): directives.append(.weigh(step: Int(clamping: report.step)))
        case .reshape(let reshape):
            directives.append(.reshape(step: Int(clamping: reshape.step), plan: reshape.plan))
        case .sendState(let request):
            directives.append(.snapshot(step: Int(clamping: request.step), stream: request.worker == number))
        case .feed(let feed): directives.append(.feed(feed))
        default: break
        }
    }

    private mutating func join(_ welcome: WireWelcome, run: RunID?) {
        guard stage == .joining, let run else { return }
        self.run = run
        number = welcome.worker
        generation = 0
        isMember = false
        orphanedSince = nil
        stage = .preparing
        directives.append(.prepare(welcome))
        if let leaving { sayGoodbye(leaving.reason) }
    }

    private mutating func prepared(_ ready: WireReady) {
        guard stage != .joining else { return }
        if ready.holds {
            step = Int(clamping: ready.step)
            attempt = 0
        }
        if stage == .preparing { stage = .idle }
        send(.ready(ready))
    }

    private mutating func take(_ formation: WireFormation, generation: UInt64) {
        guard generation > self.generation, formation.members.contains(where: { $0.worker == number }) else {
            return
        }
        self.generation = generation
        isMember = true
        others = Set(formation.members.map(\.worker)).subtracting([number])
        connected.formIntersection(others)
        directives.append(.connect(formation.members, generation: generation))
    }

    func shards(of assignments: [WireAssignment]) -> [Int] {
        assignments.first { $0.worker == number }?.shards.map(Int.init) ?? []
    }

    // MARK: Peers

    private mutating func losePeer(_ worker: UInt32) {
        guard isMember, others.contains(worker), stage != .joining else { return }
        var lost = WirePeerLost()
        lost.worker = worker
        send(.peerLost(lost))
    }

    // MARK: Losing the coordinator

    private mutating func loseCoordinator() {
        // Before the first welcome the hello may be lost; after it, everything else.
        if orphanedSince == nil { orphanedSince = now }
        suspend()
    }

    private mutating func beDropped() {
        orphanedSince = now
        suspend()
        knock()
    }

    private mutating func suspend() {
        if stage != .joining { directives.append(.suspend) }
        stage = .joining
        isMember = false
        (work, computed, pending) = (nil, [], [])
        yieldIsAsked = false
    }

    /// Asks the replica what to say; the answer comes when it has done what it was doing.
    private mutating func knock() {
        knockDue = now + settings.timeout / 2
        directives.append(.reportHeld)
    }

    private mutating func sayHello(_ held: WireHeld?) {
        if let held { hello.held = held } else { hello.clearHeld() }
        knockDue = now + settings.timeout / 2
        directives.append(.send(ControlMessage(run: nil, generation: 0, body: .hello(hello))))
    }

    // MARK: Time

    private mutating func tick() {
        // This process stood still itself: what the others said meanwhile is still to be read.
        if now - lastTick > settings.timeout / 2 { lastHeard = max(lastHeard, now - settings.timeout / 2) }
        lastTick = now
        if let leaving, now - leaving.since > settings.grace { return exit(.done(leaving.reason)) }
        if let orphanedSince {
            if now - orphanedSince > settings.patience {
                return exit(.failed("\(settings.coordinator) is gone and did not come back"))
            }
            if now >= knockDue { knock() }
            return
        }
        if now >= heartbeatDue && run != nil { sendHeartbeat() }
        guard now - lastHeard > settings.timeout else { return }
        if run == nil {
            exit(.failed("\(settings.coordinator) was not heard of for \(settings.timeout)"))
        } else {
            loseCoordinator()
        }
    }

    private mutating func sendHeartbeat() {
        heartbeatDue = now + settings.timeout / 4
        var heartbeat = WireHeartbeat()
        heartbeat.step = UInt64(step)
        heartbeat.unreachable = isMember ? others.subtracting(connected).sorted() : []
        send(.heartbeat(heartbeat))
    }

    // MARK: Ending

    mutating func fail(_ reason: String, everywhere: Bool = false) {
        var failure = WireFailure()
        failure.reason = reason
        failure.everywhere = everywhere
        send(.failure(failure))
        exit(.failed(reason))
    }

    /// The coordinator takes back what has not been started, and lets this worker go at the step's end.
    private mutating func leave(_ reason: String) {
        guard run != nil, orphanedSince == nil else { return exit(.done(reason)) }
        guard leaving == nil else { return }
        leaving = (now, reason)
        sayGoodbye(reason)
    }

    private mutating func sayGoodbye(_ reason: String) {
        var goodbye = WireGoodbye()
        goodbye.reason = reason
        send(.goodbye(goodbye))
    }

    private mutating func exit(_ outcome: WorkerOutcome) {
        stage = .finished
        directives.append(.exit(outcome))
    }

    /// To the coordinator; nothing while there is none.
    mutating func send(_ body: ControlMessage.Body, generation: UInt64? = nil) {
        guard orphanedSince == nil else { return }
        directives.append(
            .send(ControlMessage(run: run, generation: generation ?? self.generation, body: body)))
    }
}
