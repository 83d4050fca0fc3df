/// What happens between steps: prune, evaluate, save, stop; else the next step.
extension CoordinatorMachine {
    mutating func advance() {
        let schedule = settings.schedule
        if phase == .search && step == schedule.searchSteps { return weigh() }
        if phase == .converge && schedule.evaluationIsDue(after: step) && evaluatedStep != step {
            return evaluate()
        }
        let isLast = step >= schedule.lastStep || stopReason != nil
        if (isLast || schedule.checkpointIsDue(after: step)) && savedStep != step && savingStep != step {
            guard savingStep == nil else {
                stage = .saving
                return
            }
            save()
        }
        guard isLast else { return beginStep() }
        guard savingStep == nil else {
            stage = .saving
            return
        }
        finish(stopReason.map { .preempted(step: step, reason: $0) } ?? .done)
    }

    // MARK: Prune

    private mutating func weigh() {
        stage = .weighing
        var report = WireReportImportance()
        report.step = UInt64(step)
        send(.reportImportance(report), to: workers[workers.keys.min()!]!)
    }

    mutating func noteImportance(_ importance: WireImportance) {
        guard stage == .weighing, importance.step == UInt64(step) else { return }
        stage = .planning
        directives.append(.decidePlan(step: step, vectors: importance.vectors))
    }

    mutating func announcePlan(_ json: String) {
        guard stage == .planning else { return }
        guard settings.schedule.convergeAfterSearch else { return finish(.done) }
        stage = .reshaping
        reshapeDigests = [:]
        var reshape = WireReshape()
        reshape.step = UInt64(step)
        reshape.plan = json
        sendToAll(.reshape(reshape))
    }

    mutating func noteReshaped(_ worker: UInt32, _ reshaped: WireReshaped) {
        guard stage == .reshaping, reshaped.step == UInt64(step) else { return }
        reshapeDigests[worker] = reshaped.digest
        guard reshapeDigests.count == workers.count, agree(reshapeDigests, "after the prune") else { return }
        phase = .converge
        advance()
    }

    /// Whether all digests are equal; fails the run if not.
    private mutating func agree(_ digests: [UInt32: String], _ occasion: String) -> Bool {
        let sorted = digests.sorted { $0.key < $1.key }
        guard let other = sorted.first(where: { $0.value != sorted[0].value }) else { return true }
        fail(
            "\(workers[other.key]!.label) and \(workers[sorted[0].key]!.label) hold different states "
                + "\(occasion) at step \(step): one of these machines computes wrongly")
        return false
    }

    // MARK: Evaluate

    private mutating func evaluate() {
        stage = .evaluating
        let shares = ShardAssignment.even(
            shards: 0..<settings.schedule.evaluationShards, workers: workers.keys.sorted())
        evaluation = EvaluationBook(assigned: Set(shares.keys))
        var message = WireEvaluate()
        message.step = UInt64(step)
        message.assignments = wireAssignments(shares)
        sendToAll(.evaluate(message))
    }

    mutating func noteEvaluated(_ worker: UInt32, _ evaluated: WireEvaluated) {
        guard stage == .evaluating, evaluated.step == UInt64(step), evaluation.assigned.contains(worker)
        else { return }
        evaluation.results[worker] = evaluated
        guard evaluation.results.count == evaluation.assigned.count else { return }
        let results = evaluation.results.sorted { $0.key < $1.key }.map(\.value)
        let images = results.reduce(0) { $0 + Int(UInt32(clamping: $1.images)) }
        evaluatedStep = step
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
    private mutating func save() {
        savingStep = step
        stateDigests = [:]
        saver = workers.keys.min()
        var request = WireSendState()
        request.step = UInt64(step)
        request.worker = saver!
        directives.append(.receiveCheckpoint(step: step, phase: phase, from: workers[saver!]!.incarnation))
        sendToAll(.sendState(request))
    }

    mutating func noteDigest(_ worker: UInt32, _ digest: WireStateDigest) {
        guard let savingStep, digest.step == UInt64(savingStep) else { return }
        stateDigests[worker] = digest.digest
        if stateDigests.count == workers.count { _ = agree(stateDigests, "at the checkpoint") }
    }

    mutating func checkpointWritten(_ step: Int) {
        savedStep = step
        savingStep = nil
        directives.append(.log("checkpoint of step \(step) written"))
        if stage == .saving { advance() }
    }
}
