/// The coordinator's decisions: who is a member, who computes what, when a step is committed, when to prune,
/// evaluate and save. A function of its state, an event and the time; it does no I/O and reads no clock.
///
/// The driver (Training) feeds it events and carries out the directives in order.
public struct CoordinatorMachine: Sendable {
    public struct Settings: Sendable {
        public var run: RunID
        /// Earlier launches of this run: what a worker holds of them is of use.
        public var knownRuns: [RunID]
        /// The program's version; workers must have the same.
        public var version: String
        /// The resolved recipe as YAML, handed to every worker.
        public var recipe: String
        public var schedule: RunSchedule
        /// The run starts once so many workers have come.
        public var workersWanted: Int
        /// A worker unheard of for so long is dead.
        public var timeout: Duration
        /// How long to wait for workers when there are too few to start or none to go on.
        public var patience: Duration
        /// Whether others may come in place of workers that leave.
        public var canGrow: Bool
        /// The level to pin all workers to; nil: the lowest among those present at the start.
        public var instructionLevel: String?
        /// Workers with less are refused, so that the lowest of the present ones suffices.
        public var levelNeeded: LevelNeeded?
        /// The OpenBLAS kernels that the run began with; nil: those of the first worker.
        public var denseAlgebra: String?
        /// Of the coordinator's own data set: workers must hold the same.
        public var dataFingerprint: String
        /// The newest checkpoint; nil: there is none.
        public var resume: Resume?
        /// The plan that was decided in an earlier launch, or without a search.
        public var plan: DecidedPlan?
        /// The last step that the ledger has.
        public var recordedStep: Int

        public init(
            run: RunID, knownRuns: [RunID] = [], version: String, recipe: String, schedule: RunSchedule,
            workersWanted: Int, timeout: Duration, patience: Duration = .seconds(3600), canGrow: Bool = true,
            instructionLevel: String? = nil, levelNeeded: LevelNeeded? = nil, denseAlgebra: String? = nil,
            dataFingerprint: String = "", resume: Resume? = nil, plan: DecidedPlan? = nil,
            recordedStep: Int = 0
        ) {
            self.run = run
            self.knownRuns = knownRuns
            self.version = version
            self.recipe = recipe
            self.schedule = schedule
            self.workersWanted = workersWanted
            self.timeout = timeout
            self.patience = patience
            self.canGrow = canGrow
            self.instructionLevel = instructionLevel
            self.levelNeeded = levelNeeded
            self.denseAlgebra = denseAlgebra
            self.dataFingerprint = dataFingerprint
            self.resume = resume
            self.plan = plan
            self.recordedStep = recordedStep
        }
    }

    public struct Resume: Equatable, Sendable {
        public var step: Int
        public var phase: Phase

        public init(step: Int, phase: Phase) {
            self.step = step
            self.phase = phase
        }
    }

    /// What the run is waiting for.
    enum Stage: Equatable {
        /// Workers, to start or to go on with.
        case gathering
        /// The newest checkpoint.
        case rewinding
        /// The replicas that the run starts or goes on with.
        case preparing
        /// A joining worker that lacks one step.
        case admitting
        case stepping
        case evaluating
        case weighing
        case planning
        case reshaping
        case saving
        case finished
    }

    public let settings: Settings
    public internal(set) var workers: [UInt32: WorkerRecord] = [:]
    public internal(set) var generation: UInt64 = 0
    /// Committed steps.
    public internal(set) var step: Int
    public internal(set) var phase: Phase
    /// Seconds from the loss of a member to the commit of its step, the newest last; at most 1000.
    public internal(set) var recoveries: [Double] = []
    var stage = Stage.gathering
    var now: Duration = .zero
    var directives: [CoordinatorDirective] = []
    var lastNumber: UInt32 = 0
    var lastFeed: UInt64 = 0
    var runLevel: String?
    var runKernels: String?
    var heartbeatDue: Duration = .zero
    var lastTick: Duration = .zero
    /// How many workers to wait for, since when, and until when if some of them hold a state.
    var wanted: Int
    var gatheringSince: Duration = .zero
    var gatheringDue: Duration?
    /// Whose replicas the run starts with, and what they say that these hold.
    var starters: Set<UInt32> = []
    var starterDigests: [UInt32: String] = [:]
    var startersKeep = false
    var membersChanged = false
    var admissionDue: Duration?
    var lastStepSeconds = 0.0
    var complaints: [PeerComplaint] = []
    var book = StepBook()
    var evaluation = EvaluationBook()
    /// Decided, in this launch or an earlier one.
    public internal(set) var plan: DecidedPlan?
    /// The step at which the search was told to go on; nil: it was not yet.
    var checkedStep: Int?
    var saving: SaveBook?
    var savedStep: Int?
    var saveIsOwed = false
    var reshapeDigests: [UInt32: String] = [:]
    var evaluatedStep: Int?
    var stopReason: String?
    /// Incarnations that were lost and may live, with a connection: they are to hear of the run's end.
    var lostIncarnations: Set<[UInt8]> = []
    /// The last step that the ledger has.
    var recordedStep: Int
    /// Where ``rewind`` leads; what the machine would start from without any replica.
    var checkpoint: Resume?

    public init(_ settings: Settings) {
        precondition(settings.workersWanted > 0, "a run needs a worker")
        self.settings = settings
        wanted = settings.workersWanted
        plan = settings.plan
        recordedStep = settings.recordedStep
        checkpoint = settings.resume
        savedStep = settings.resume?.step
        step = settings.resume?.step ?? 0
        phase = settings.resume?.phase ?? settings.schedule.firstPhase
    }

    public var isFinished: Bool { stage == .finished }

    /// The last step of this launch; the most that it can be while the search's end is unknown.
    public var lastStep: Int { settings.schedule.lastStep(searchEnd: plan?.step) }

    /// Numbers of the members, ascending.
    public var members: [UInt32] {
        workers.values.filter { $0.standing == .member }.map(\.number).sorted()
    }

    /// The state after `event`, in directives to carry out in order. `time` counts from the machine's start.
    public mutating func handle(_ event: CoordinatorEvent, at time: Duration) -> [CoordinatorDirective] {
        now = time
        directives = []
        guard stage != .finished else { return [] }
        switch event {
        case .message(let message, let sender): receive(message, from: sender)
        case .planDecided(let json): noteDecided(json)
        case .searchGoesOn: goOnSearching()
        case .checkpointWritten(let step): checkpointWritten(step)
        case .rewound(let resume): rewound(resume)
        case .failed(let reason): fail(reason)
        case .workerExited(let process, let how): workerExited(process, how)
        case .workerDisconnected(let incarnation):
            if let worker = worker(of: incarnation) { lose(worker.number, "closed its connection") }
            lostIncarnations.remove(incarnation)
        case .stopRequested(let reason): requestStop(reason)
        case .tick: tick()
        }
        return directives
    }

    func worker(of incarnation: [UInt8]) -> WorkerRecord? {
        workers.values.first { $0.incarnation == incarnation }
    }

    private mutating func receive(_ message: ControlMessage, from sender: [UInt8]) {
        if case .hello(let hello) = message.body { return greet(hello, incarnation: sender) }
        guard message.run == settings.run else { return }
        guard let worker = worker(of: sender) else { return drop(sender, "it is no member of this run") }
        let number = worker.number
        workers[number]!.lastHeard = now
        if case .heartbeat(let heartbeat) = message.body { return note(heartbeat, from: number) }
        take(message, from: worker)
    }

    /// What a message says of its sender's replica is true in any generation.
    private mutating func take(_ message: ControlMessage, from worker: WorkerRecord) {
        let number = worker.number
        switch message.body {
        case .failure(let failure): noteFailure(worker, failure)
        case .goodbye(let goodbye): leave(worker, goodbye.reason)
        case .ready(let ready): becomeReady(number, ready)
        case .computed(let computed): noteComputed(number, computed)
        case .yielded(let yielded): noteYielded(number, yielded, in: message.generation)
        case .stepDone(let done): noteDone(number, done, in: message.generation)
        case .evaluated(let evaluated): noteEvaluated(number, evaluated)
        case .importance(let importance): noteImportance(importance)
        case .reshaped(let reshaped): noteReshaped(number, reshaped)
        case .stateDigest(let digest): noteDigest(number, digest)
        case .feedEnded(let ended): noteFeedEnded(number, ended)
        case .peerLost(let lost):
            // Also of an older generation: what was lost may have been sent in this one.
            complaints.append(PeerComplaint(by: number, about: lost.worker, since: now))
        default: break
        }
    }

    // MARK: Sending

    mutating func send(_ body: ControlMessage.Body, to worker: WorkerRecord) {
        directives.append(.send(envelope(body), to: worker.incarnation))
    }

    mutating func send(_ body: ControlMessage.Body, to numbers: some Sequence<UInt32>) {
        for number in numbers { send(body, to: workers[number]!) }
    }

    mutating func drop(_ incarnation: [UInt8], _ reason: String) {
        var dropped = WireDropped()
        dropped.reason = reason
        directives.append(.send(envelope(.dropped(dropped)), to: incarnation))
    }

    mutating func log(_ text: String) {
        directives.append(.log(text))
    }

    // MARK: Ending

    mutating func fail(_ reason: String) {
        finish(.failed(reason))
    }

    mutating func finish(_ outcome: RunOutcome) {
        var stop = WireStop()
        switch outcome {
        case .done: stop.reason = "the run is done"
        case .preempted(_, let reason): stop.reason = reason
        case .failed(let reason):
            stop.reason = reason
            stop.failed = true
        }
        send(.stop(stop), to: workers.keys.sorted())
        for incarnation in lostIncarnations.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            directives.append(.send(envelope(.stop(stop)), to: incarnation))
        }
        stage = .finished
        directives.append(.finish(outcome))
    }

    mutating func requestStop(_ reason: String) {
        guard stopReason == nil else { return }
        stopReason = reason
        log("stopping after the step in flight: \(reason)")
        switch stage {
        case .gathering, .rewinding, .preparing: finish(.preempted(step: savedStep ?? 0, reason: reason))
        case .admitting: advance()
        default: break
        }
    }
}
