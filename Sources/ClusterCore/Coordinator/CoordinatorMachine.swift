/// The coordinator's decisions: who is a member, who computes what, when a step is committed, when to prune,
/// evaluate and save. A function of its state, an event and the time; it does no I/O and reads no clock.
///
/// The driver (Training) feeds it events and carries out the directives in order. In this version the members
/// are those present at the start, and a worker's death ends the run; every message nevertheless carries run
/// and generation, and work is assigned by name, so that membership can change at a step boundary.
public struct CoordinatorMachine: Sendable {
    public struct Settings: Sendable {
        public var run: RunID
        /// The program's version; workers must have the same.
        public var version: String
        /// The resolved recipe as YAML, handed to every worker.
        public var recipe: String
        public var schedule: RunSchedule
        /// The run starts once so many workers have come.
        public var workersWanted: Int
        /// A worker unheard of for so long is dead.
        public var timeout: Duration
        /// The level to pin all workers to; nil: the lowest among those present at the start.
        public var instructionLevel: String?
        /// Workers with less are refused, so that the lowest of the present ones suffices.
        public var levelNeeded: LevelNeeded?
        /// The OpenBLAS kernels that the run began with; nil: those of the first worker.
        public var denseAlgebra: String?
        /// Of the coordinator's own data set: workers must hold the same.
        public var dataFingerprint: String
        /// Where the run goes on from; nil: from the recipe's seed.
        public var resume: Resume?

        public init(
            run: RunID, version: String, recipe: String, schedule: RunSchedule, workersWanted: Int,
            timeout: Duration, instructionLevel: String? = nil, levelNeeded: LevelNeeded? = nil,
            denseAlgebra: String? = nil, dataFingerprint: String = "", resume: Resume? = nil
        ) {
            self.run = run
            self.version = version
            self.recipe = recipe
            self.schedule = schedule
            self.workersWanted = workersWanted
            self.timeout = timeout
            self.instructionLevel = instructionLevel
            self.levelNeeded = levelNeeded
            self.denseAlgebra = denseAlgebra
            self.dataFingerprint = dataFingerprint
            self.resume = resume
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
        case gathering
        case preparing
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
    var stage = Stage.gathering
    var now: Duration = .zero
    var directives: [CoordinatorDirective] = []
    var lastNumber: UInt32 = 0
    var runLevel: String?
    var heartbeatDue: Duration = .zero
    var book = StepBook()
    var evaluation = EvaluationBook()
    var savedStep: Int?
    var savingStep: Int?
    var saver: UInt32?
    var stateDigests: [UInt32: String] = [:]
    var reshapeDigests: [UInt32: String] = [:]
    var evaluatedStep: Int?
    var stopReason: String?

    public init(_ settings: Settings) {
        precondition(settings.workersWanted > 0, "a run needs a worker")
        self.settings = settings
        step = settings.resume?.step ?? 0
        phase = settings.resume?.phase ?? (settings.schedule.searchSteps > 0 ? .search : .converge)
        savedStep = settings.resume?.step
    }

    public var isFinished: Bool { stage == .finished }

    /// The state after `event`, in directives to carry out in order. `time` counts from the machine's start.
    public mutating func handle(_ event: CoordinatorEvent, at time: Duration) -> [CoordinatorDirective] {
        now = time
        directives = []
        guard stage != .finished else { return [] }
        switch event {
        case .message(let message, let sender):
            receive(message, from: sender)
        case .planDecided(let json):
            announcePlan(json)
        case .checkpointWritten(let step):
            checkpointWritten(step)
        case .failed(let reason):
            fail(reason)
        case .workerExited(let process, let how):
            workerExited(process, how)
        case .workerDisconnected(let incarnation):
            workerDisconnected(incarnation)
        case .stopRequested(let reason):
            requestStop(reason)
        case .tick:
            tick()
        }
        return directives
    }

    private mutating func receive(_ message: ControlMessage, from sender: [UInt8]) {
        if case .hello(let hello) = message.body { return greet(hello, incarnation: sender) }
        guard message.run == settings.run,
            var worker = workers.values.first(where: { $0.incarnation == sender })
        else { return }
        worker.lastHeard = now
        workers[worker.number] = worker
        switch message.body {
        case .heartbeat: return
        case .failure(let failure): return fail("\(worker.label): \(failure.reason)")
        case .goodbye(let goodbye): return leave(worker, goodbye.reason)
        case .ready(let ready): return becomeReady(worker.number, ready)
        default: break
        }
        guard message.generation == generation else { return }
        switch message.body {
        case .computed(let computed): noteComputed(worker.number, computed)
        case .stepDone(let done): noteDone(worker.number, done)
        case .evaluated(let evaluated): noteEvaluated(worker.number, evaluated)
        case .importance(let importance): noteImportance(importance)
        case .reshaped(let reshaped): noteReshaped(worker.number, reshaped)
        case .stateDigest(let digest): noteDigest(worker.number, digest)
        default: break
        }
    }

    // MARK: Sending

    mutating func send(_ body: ControlMessage.Body, to worker: WorkerRecord) {
        directives.append(.send(envelope(body), to: worker.incarnation))
    }

    mutating func sendToAll(_ body: ControlMessage.Body) {
        for number in workers.keys.sorted() { send(body, to: workers[number]!) }
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
        sendToAll(.stop(stop))
        stage = .finished
        directives.append(.finish(outcome))
    }

    private mutating func requestStop(_ reason: String) {
        guard stopReason == nil else { return }
        stopReason = reason
        directives.append(.log("stopping after the step in flight: \(reason)"))
        if stage == .gathering || stage == .preparing { finish(.preempted(step: step, reason: reason)) }
    }

    private mutating func leave(_ worker: WorkerRecord, _ reason: String) {
        directives.append(.log("\(worker.label) was told to leave: \(reason)"))
        requestStop("\(worker.label) was told to leave")
    }
}
