/// The start: workers come, build or keep their replicas, and become the first members. The same when all
/// members were lost.
extension CoordinatorMachine {
    mutating func greet(_ hello: WireHello, incarnation: [UInt8]) {
        lostIncarnations.remove(incarnation)
        if let known = worker(of: incarnation) {
            if known.standing == .greeted || known.standing == .preparing { return }
            lose(known.number, "started over")
        }
        if let reason = refusal(of: hello) {
            var refusal = WireRefusal()
            refusal.reason = reason
            directives.append(.send(envelope(.refusal(refusal)), to: incarnation))
            return log("refused a worker on host \(hello.host): \(reason)")
        }
        lastNumber += 1
        workers[lastNumber] = WorkerRecord(hello, number: lastNumber, incarnation: incarnation, now: now)
        if stage == .gathering {
            let mayStartEarly = generation > 0 || holding(workers[lastNumber]!) != nil
            if mayStartEarly || newerMayCome, gatheringDue == nil { gatheringDue = now + gatheringGrace }
            startIfPossible()
        } else if runLevel != nil {
            welcome(lastNumber, keep: false)
        }
    }

    /// Whether steps are committed that neither the checkpoint nor those present hold: others may come back.
    private var newerMayCome: Bool {
        let held = workers.values.compactMap { holding($0)?.step }.max() ?? 0
        return recordedStep > max(held, checkpoint?.step ?? 0)
    }

    /// How long others that hold a state may come later than the first of them.
    private var gatheringGrace: Duration { min(settings.timeout / 4, .seconds(2)) }

    private func refusal(of hello: WireHello) -> String? {
        if hello.version != settings.version {
            return "it runs espalier \(hello.version), the coordinator \(settings.version): use one version"
        }
        if let level = runLevel ?? settings.instructionLevel,
            !InstructionLevel.offers(hello.instructionLevel, atLeast: level)
        {
            return "its CPU offers \(hello.instructionLevel), the run is pinned to \(level)"
        }
        if let reason = settings.levelNeeded?.refusal(offered: hello.instructionLevel) { return reason }
        if let kernels = denseAlgebra, kernels != hello.denseAlgebra {
            return
                "OpenBLAS uses its \(hello.denseAlgebra) kernels there and \(kernels) ones in this run, "
                + "which round differently: set OPENBLAS_CORETYPE alike for all workers"
        }
        return nil
    }

    /// The OpenBLAS kernels of this run.
    public var denseAlgebra: String? {
        settings.denseAlgebra ?? runKernels
            ?? workers.values.min { $0.number < $1.number }?.denseAlgebra
    }

    /// The state of this run that a worker came with, or has been fed since.
    private func holding(_ worker: WorkerRecord) -> Resume? {
        if let holds = worker.holds, let phase = Phase(rawValue: holds.phase) {
            return Resume(step: Int(clamping: holds.step), phase: phase)
        }
        guard let held = worker.held, let run = RunID(bytes: Array(held.run)),
            let phase = Phase(rawValue: held.phase),
            run == settings.run || settings.knownRuns.contains(run)
        else { return nil }
        return Resume(step: Int(clamping: held.step), phase: phase)
    }

    /// Starts with those present if they are enough, or if some hold a state and the others let it wait.
    mutating func startIfPossible() {
        guard stage == .gathering, !workers.isEmpty else { return }
        let isDue = gatheringDue.map { now >= $0 } ?? false
        let isEarly = generation > 0 || workers.values.contains { holding($0) != nil }
        guard (workers.count >= wanted && !newerMayCome) || (isDue && (isEarly || workers.count >= wanted))
        else { return }
        gatheringDue = nil
        let held = workers.values.compactMap(holding)
        let newest = held.max { ($0.step, $0.phase.rank) < ($1.step, $1.phase.rank) }
        if let newest, newest.isAsNew(as: checkpoint) {
            keep(newest)
        } else if generation > 0 {
            stage = .rewinding
            directives.append(.rewind)
        } else {
            startFresh()
        }
    }

    mutating func rewound(_ resume: Resume?) {
        guard stage == .rewinding else { return }
        checkpoint = resume
        startFresh()
    }

    private mutating func startFresh() {
        step = checkpoint?.step ?? 0
        phase = checkpoint?.phase ?? settings.schedule.firstPhase
        savedStep = checkpoint?.step
        start(with: Set(workers.keys), keep: false)
    }

    /// Goes on from the newest state that a replica holds. Replicas before and after the prune are both of
    /// use if the plan is known: announcing it again makes them alike.
    private mutating func keep(_ newest: Resume) {
        // Without its step nobody can tell how far the converge phase is.
        guard newest.phase == .search || settings.schedule.searchSteps == 0 || plan != nil else {
            return fail("workers hold a pruned network, but the run's plan is lost: put plan.json back")
        }
        let keepers = workers.values.filter { worker in
            guard let held = holding(worker) else { return false }
            return held == newest
                || (held.step == newest.step && held.step == plan?.step)
        }
        step = newest.step
        phase = keepers.contains { holding($0)?.phase == .search } ? .search : newest.phase
        log("going on from step \(step), which \(keepers.count == 1 ? "a worker holds" : "workers hold")")
        start(with: Set(keepers.map(\.number)), keep: true)
    }

    /// Steps that were applied, but that the coordinator did not live to write down.
    private mutating func recordMissing() {
        guard recordedStep < step else { return }
        let reports = starters.sorted().compactMap { number in
            workers[number]!.held.flatMap { $0.hasLast ? $0.last : nil }
        }
        for missing in recordedStep..<step {
            let last = reports.first { $0.step == UInt64(missing) }
            var unknown = WireStepMetrics()
            unknown.loss = .nan
            unknown.images = reports.first?.metrics.images ?? 0
            let metrics = last?.metrics ?? unknown
            directives.append(
                .record(
                    CommittedStep(
                        step: missing + 1,
                        phase: settings.schedule.phase(after: missing, searchEnd: plan?.step), generation: 0,
                        attempt: last?.attempt ?? 0, participants: [:], loss: metrics.loss,
                        top1: Int(clamping: metrics.top1), top5: Int(clamping: metrics.top5),
                        images: Int(clamping: metrics.images), bytesSent: 0, bytesUncoded: 0, seconds: 0)))
        }
    }

    private mutating func start(with starters: Set<UInt32>, keep: Bool) {
        stage = .preparing
        self.starters = starters
        starterDigests = [:]
        startersKeep = keep
        (evaluatedStep, saveIsOwed) = (nil, false)
        recordMissing()
        recordedStep = step
        directives.append(.continueFrom(step: step))
        runLevel =
            runLevel ?? settings.instructionLevel
            ?? InstructionLevel.lowest(workers.values.map(\.instructionLevel))
        runKernels = denseAlgebra
        for number in workers.keys.sorted() {
            let keeps = keep && starters.contains(number)
            switch workers[number]!.standing {
            case .greeted: welcome(number, keep: keeps)
            case .waiting where keeps, .ready where keeps:
                // It holds what it said, though the feed that brought it may be over.
                workers[number]!.standing = .ready(step: step)
                noteStarter(number)
            case .waiting, .ready, .loading:
                workers[number]!.standing = .waiting
                if !keep { giveInitialState(number) }
            case .preparing, .member: break
            }
        }
        checkStarters()
    }

    private mutating func noteStarter(_ number: UInt32) {
        guard let holds = workers[number]!.holds else { return }
        starterDigests[number] = "\(holds.phase) \(holds.digest)"
    }

    private mutating func welcome(_ number: UInt32, keep: Bool) {
        var welcome = WireWelcome()
        welcome.worker = number
        welcome.recipe = settings.recipe
        welcome.instructionLevel = runLevel ?? ""
        welcome.keep = keep
        send(.welcome(welcome), to: workers[number]!)
        if keep { workers[number]!.standing = .preparing } else { workers[number]!.beginLoading(.preparing) }
        workers[number]!.lastHeard = now
    }

    private mutating func giveInitialState(_ number: UInt32) {
        workers[number]!.beginLoading(.loading)
        workers[number]!.feed = nil
        directives.append(.sendInitialState(to: workers[number]!.incarnation))
    }

    mutating func becomeReady(_ number: UInt32, _ ready: WireReady) {
        guard let worker = workers[number], worker.standing != .greeted else { return }
        if worker.standing == .member {
            // The last of what it was fed came late: the run has gone on from an older state without asking.
            if ready.holds, ready.step > UInt64(step) { lose(number, "holds a later step than the run") }
            return
        }
        guard ready.dataFingerprint == settings.dataFingerprint else {
            return refuseData(worker)
        }
        let isStarter = stage == .preparing && starters.contains(number)
        guard ready.holds else {
            // Its data is open; or the state that it was sent came damaged.
            endFeed(of: number)
            workers[number]!.beginLoading(.waiting)
            if isStarter { startAnew(number) }
            return
        }
        if isStarter, !startersKeep, !holdsTheStart(ready) {
            // Said before the state to start from came there, or before it was known that all start over.
            if worker.standing != .loading { giveInitialState(number) }
            return
        }
        workers[number]!.standing = .ready(step: Int(clamping: ready.step))
        workers[number]!.holds = ready
        if isStarter {
            noteStarter(number)
            checkStarters()
        } else if stage == .admitting {
            advance()
        }
    }

    private func holdsTheStart(_ ready: WireReady) -> Bool {
        ready.step == UInt64(step) && ready.phase == phase.rawValue
    }

    /// A starter has no state after all: it is given one, or the others start without it.
    private mutating func startAnew(_ number: UInt32) {
        guard startersKeep else { return giveInitialState(number) }
        starters.remove(number)
        starterDigests[number] = nil
        checkStarters()
    }

    private mutating func refuseData(_ worker: WorkerRecord) {
        let reason = "holds another data set than the coordinator: give both the same"
        if generation == 0 { return fail("\(worker.label) \(reason)") }
        dismiss(worker.number, "its data set is another than the coordinator's", failed: true)
    }

    /// All starters hold the state that the run goes on from, and the same: they become the members.
    mutating func checkStarters() {
        guard stage == .preparing else { return }
        guard !starters.isEmpty else { return collapse() }
        guard starterDigests.count == starters.count else { return }
        let behind = starters.sorted().first { workers[$0]!.standing != .ready(step: step) }
        if let behind {
            return fail("\(workers[behind]!.label) does not hold step \(step), where the run is")
        }
        // Who came to its state by a step has no digest at hand; the next checkpoint compares all.
        let digests = starterDigests.filter { !$0.value.hasSuffix(" ") }.sorted { $0.key < $1.key }
        for phase in Phase.allCases {
            let alike = digests.filter { $0.value.hasPrefix(phase.rawValue) }
            guard Set(alike.map(\.value)).count > 1 else { continue }
            return fail(
                "workers \(alike.map { String($0.key) }.joined(separator: ", ")) hold different states "
                    + "of step \(step): one of these machines computes wrongly")
        }
        for number in starters { workers[number]!.standing = .member }
        starters = []
        membersChanged = true
        advance()
    }

    /// No member is left. What those hold that may come back counts more than the checkpoint.
    mutating func collapse() {
        abandonSave()
        for number in workers.keys { workers[number]!.feed = nil }
        starters = []
        stage = .gathering
        gatheringSince = now
        gatheringDue = workers.isEmpty ? nil : now + gatheringGrace
        log("no member is left; waiting for workers")
        if let stopReason { finish(.preempted(step: savedStep ?? 0, reason: stopReason)) }
    }
}

extension Phase {
    /// In the order of a run.
    fileprivate var rank: Int { self == .search ? 0 : 1 }
}

extension CoordinatorMachine.Resume {
    fileprivate func isAsNew(as checkpoint: Self?) -> Bool {
        guard let checkpoint else { return true }
        return (step, phase.rank) >= (checkpoint.step, checkpoint.phase.rank)
    }
}
