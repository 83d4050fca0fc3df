/// What happens between steps: members come and go; prune, evaluate, save, stop; else the next step.
extension CoordinatorMachine {
    mutating func advance() {
        releaseLeavers()
        guard !members.isEmpty else { return collapse() }
        guard admit() else {
            stage = .admitting
            return
        }
        if membersChanged { formGeneration() }
        if searchMayEnd { return weigh() }
        startFeeds()
        if evaluationIsDue { return evaluate() }
        saveIfDue()
        guard isLast else { return beginStep() }
        guard saving == nil else {
            stage = .saving
            return
        }
        if step >= lastStep { return finish(.done) }
        if let stopReason { return finish(.preempted(step: step, reason: stopReason)) }
        // All members leave: what they hold is saved, and others may come.
        releaseLeavers()
        collapse()
    }

    /// Whether this launch, or these members, go no further.
    private var isLast: Bool {
        step >= lastStep || stopReason != nil || membersThatStay.isEmpty
    }

    private var evaluationIsDue: Bool {
        phase == .converge && evaluatedStep != step
            && settings.schedule.evaluationIsDue(after: step, searchEnd: plan?.step)
    }

    // MARK: Prune

    /// Where the plan is known, the search ends at its step; else wherever the latent vectors may say so.
    private var searchMayEnd: Bool {
        guard phase == .search else { return false }
        if let plan { return step == plan.step }
        return settings.schedule.checkIsDue(after: step) && checkedStep != step
    }

    mutating func weigh() {
        guard plan == nil else {
            stage = .planning
            return announcePlan()
        }
        stage = .weighing
        var report = WireReportImportance()
        report.step = UInt64(step)
        send(.reportImportance(report), to: workers[members[0]]!)
    }

    mutating func noteImportance(_ importance: WireImportance) {
        guard stage == .weighing, importance.step == UInt64(step) else { return }
        stage = .planning
        directives.append(.decidePlan(step: step, vectors: importance.vectors))
    }

    mutating func noteDecided(_ json: String) {
        guard stage == .planning else { return }
        plan = DecidedPlan(json: json, step: step)
        announcePlan()
    }

    mutating func goOnSearching() {
        guard stage == .planning else { return }
        checkedStep = step
        advance()
    }

    private mutating func announcePlan() {
        guard let plan else { return }
        guard settings.schedule.convergeAfterSearch else { return finish(.done) }
        guard !members.isEmpty else { return }
        stage = .reshaping
        reshapeDigests = [:]
        cancelFeeds()
        var reshape = WireReshape()
        reshape.step = UInt64(step)
        reshape.plan = plan.json
        send(.reshape(reshape), to: members)
    }

    mutating func noteReshaped(_ worker: UInt32, _ reshaped: WireReshaped) {
        guard stage == .reshaping, reshaped.step == UInt64(step), workers[worker]!.standing == .member else {
            return
        }
        reshapeDigests[worker] = reshaped.digest
        checkReshaped()
    }

    mutating func checkReshaped() {
        guard members.allSatisfy({ reshapeDigests[$0] != nil }), agree(reshapeDigests, "after the prune")
        else {
            return
        }
        phase = .converge
        advance()
    }

    /// Whether all digests are equal; fails the run if not.
    private mutating func agree(_ digests: [UInt32: String], _ occasion: String) -> Bool {
        let sorted = digests.sorted { $0.key < $1.key }
        guard let other = sorted.first(where: { $0.value != sorted[0].value }) else { return true }
        let names = [other.key, sorted[0].key].map { workers[$0]?.label ?? "worker \($0)" }
        fail(
            "\(names[0]) and \(names[1]) hold different states "
                + "\(occasion) at step \(step): one of these machines computes wrongly")
        return false
    }

    // MARK: Evaluate

    private mutating func evaluate() {
        stage = .evaluating
        evaluation = EvaluationBook()
        dealEvaluation()
    }

    /// Hands out the shards of the test set that nobody living has counted or is to count.
    mutating func dealEvaluation() {
        let covered = Set(evaluation.shares.values.joined()).union(evaluation.results.keys)
        let missing = (0..<settings.schedule.evaluationShards).filter { !covered.contains($0) }
        let shares = ShardDeal.deal(missing, seconds: secondsPerShard())
        for (worker, share) in shares { evaluation.shares[worker, default: []] += share }
        var message = WireEvaluate()
        message.step = UInt64(step)
        for number in shares.keys.sorted() {
            message.assignments = [assignment(of: shares[number]!, to: number)]
            send(.evaluate(message), to: workers[number]!)
        }
    }

    mutating func noteEvaluated(_ worker: UInt32, _ evaluated: WireEvaluated) {
        guard stage == .evaluating, evaluated.step == UInt64(step), workers[worker]!.standing == .member
        else {
            return
        }
        let count = settings.schedule.evaluationShards
        for counts in evaluated.shards where counts.shard < count {
            evaluation.results[Int(counts.shard)] = counts
        }
        guard evaluation.results.count == count else { return }
        finishEvaluation()
    }

    private mutating func finishEvaluation() {
        evaluatedStep = step
        // In the order of the shards: the sum does not depend on who counted what.
        let results = evaluation.results.sorted { $0.key < $1.key }.map(\.value)
        let images = results.reduce(0) { $0 + Int(UInt32(clamping: $1.images)) }
        directives.append(
            .recordEvaluation(
                EvaluationResult(
                    step: step, loss: results.reduce(0) { $0 + $1.lossSum } / Double(max(images, 1)),
                    top1: results.reduce(0) { $0 + Int(UInt32(clamping: $1.top1)) },
                    top5: results.reduce(0) { $0 + Int(UInt32(clamping: $1.top5)) }, images: images)))
        advance()
    }

    // MARK: Save

    /// Asks for the state; the run goes on while it streams in.
    private mutating func saveIfDue() {
        let isDue = isLast || saveIsOwed || settings.schedule.checkpointIsDue(after: step)
        guard isDue, savedStep != step, saving == nil else { return }
        saveIsOwed = false
        let saver = members[0]
        saving = SaveBook(step: step, saver: saver, witnesses: Set(members))
        var request = WireSendState()
        request.step = UInt64(step)
        request.worker = saver
        directives.append(
            .receiveCheckpoint(step: step, phase: phase, from: workers[saver]!.incarnation))
        send(.sendState(request), to: members)
    }

    mutating func noteDigest(_ worker: UInt32, _ digest: WireStateDigest) {
        guard let step = saving?.step, digest.step == UInt64(step), saving!.witnesses.contains(worker) else {
            return
        }
        saving!.digests[worker] = digest.digest
        finishSaving()
    }

    mutating func checkpointWritten(_ step: Int) {
        // Also one that was given up when all of it had come.
        if step >= checkpoint?.step ?? 0 {
            savedStep = step
            let phase = settings.schedule.phase(after: step, searchEnd: plan?.step)
            checkpoint = Resume(step: step, phase: phase)
        }
        log("checkpoint of step \(step) written")
        guard saving?.step == step else { return }
        saving!.isWritten = true
        finishSaving()
    }

    private mutating func finishSaving() {
        guard let book = saving, book.isWritten, book.digests.count == book.witnesses.count else { return }
        saving = nil
        guard agree(book.digests, "at the checkpoint") else { return }
        // There is none if all witnesses were lost.
        if let digest = book.digests.values.first {
            directives.append(.recordDigest(step: book.step, digest: digest))
        }
        if stage == .saving { advance() }
    }

    /// The run has gone on since, so a lost checkpoint is made up for at the next boundary.
    mutating func noteSaverLost(_ number: UInt32) {
        saving!.witnesses.remove(number)
        saving!.digests[number] = nil
        if saving!.saver == number, !saving!.isWritten {
            abandonSave()
        } else {
            finishSaving()
        }
    }

    mutating func abandonSave() {
        guard let book = saving else { return }
        if !book.isWritten { directives.append(.abandonCheckpoint(step: book.step)) }
        saving = nil
        saveIsOwed = true
    }
}
