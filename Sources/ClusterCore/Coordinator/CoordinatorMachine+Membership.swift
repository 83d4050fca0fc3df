extension CoordinatorMachine {
    /// Sent and expected so often that several may be lost before a peer counts as dead.
    var heartbeatInterval: Duration { settings.timeout / 4 }

    mutating func greet(_ hello: WireHello, incarnation: [UInt8]) {
        guard !workers.values.contains(where: { $0.incarnation == incarnation }) else { return }
        if let reason = refusal(of: hello) {
            var refusal = WireRefusal()
            refusal.reason = reason
            directives.append(.send(envelope(.refusal(refusal)), to: incarnation))
            directives.append(.log("refused a worker on host \(hello.host): \(reason)"))
            return
        }
        lastNumber += 1
        workers[lastNumber] = WorkerRecord(
            number: lastNumber, incarnation: incarnation, dataEndpoint: hello.dataEndpoint,
            threads: Int(hello.threads), instructionLevel: hello.instructionLevel,
            denseAlgebra: hello.denseAlgebra, host: hello.host,
            process: hello.process, standing: .greeted, lastHeard: now)
        if workers.count == settings.workersWanted { welcomeAll() }
    }

    private func refusal(of hello: WireHello) -> String? {
        if hello.version != settings.version {
            return "it runs espalier \(hello.version), the coordinator \(settings.version): use one version"
        }
        if let level = settings.instructionLevel,
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
        if stage != .gathering {
            return "the run has started, and this version takes workers only at the start"
        }
        return nil
    }

    private mutating func welcomeAll() {
        stage = .preparing
        runLevel =
            settings.instructionLevel ?? InstructionLevel.lowest(workers.values.map(\.instructionLevel))
        for number in workers.keys.sorted() {
            var welcome = WireWelcome()
            welcome.worker = number
            welcome.recipe = settings.recipe
            welcome.instructionLevel = runLevel ?? ""
            welcome.stateFollows = settings.resume != nil
            send(.welcome(welcome), to: workers[number]!)
            if settings.resume != nil {
                directives.append(.sendInitialState(to: workers[number]!.incarnation))
            }
            workers[number]!.standing = .preparing
            workers[number]!.lastHeard = now
        }
    }

    mutating func becomeReady(_ number: UInt32, _ ready: WireReady) {
        guard stage == .preparing, let worker = workers[number] else { return }
        guard ready.step == step else {
            return fail("\(worker.label) holds step \(ready.step), the run is at step \(step)")
        }
        workers[number]!.standing = .ready(step: step)
        guard ready.dataFingerprint == settings.dataFingerprint else {
            return fail("\(worker.label) holds another data set than the coordinator: give both the same")
        }
        if workers.values.allSatisfy(isReady) { formGeneration() }
    }

    /// The OpenBLAS kernels of this run.
    public var denseAlgebra: String? {
        settings.denseAlgebra ?? workers.values.min { $0.number < $1.number }?.denseAlgebra
    }

    private func isReady(_ worker: WorkerRecord) -> Bool {
        if case .ready = worker.standing { true } else { false }
    }

    private mutating func formGeneration() {
        generation += 1
        var formation = WireFormation()
        formation.members = workers.keys.sorted().map { number in
            var member = WireMember()
            member.worker = number
            member.dataEndpoint = workers[number]!.dataEndpoint
            return member
        }
        sendToAll(.formation(formation))
        advance()
    }

    mutating func workerExited(_ process: UInt32, _ how: String) {
        if let worker = workers.values.first(where: { $0.process == process }) {
            fail(lost(worker, how))
        } else {
            fail("a worker process (\(process)) \(how) before it joined")
        }
    }

    mutating func workerDisconnected(_ incarnation: [UInt8]) {
        guard let worker = workers.values.first(where: { $0.incarnation == incarnation }) else { return }
        fail(lost(worker, "closed its connection"))
    }

    mutating func tick() {
        if now >= heartbeatDue {
            heartbeatDue = now + heartbeatInterval
            var heartbeat = WireHeartbeat()
            heartbeat.step = UInt64(step)
            sendToAll(.heartbeat(heartbeat))
        }
        if let silent = workers.values.sorted(by: { $0.number < $1.number })
            .first(where: { $0.standing != .greeted && now - $0.lastHeard > settings.timeout })
        {
            fail(lost(silent, "was not heard of for \(settings.timeout)"))
        }
    }

    private func lost(_ worker: WorkerRecord, _ how: String) -> String {
        "\(worker.label) \(how) at step \(step); go on from the last checkpoint with --resume"
    }
}
