/// A step: compute the share, contribute it, gather the whole vector, apply it. A new generation in the
/// middle of it begins anew with what is computed already.
extension WorkerMachine {
    mutating func beginStep(_ begin: WireBeginStep) {
        guard isMember else { return }
        guard !begin.partOwners.isEmpty else {
            return fail("\(settings.coordinator) gave step \(begin.step) no owners")
        }
        let work = StepWork(
            step: Int(clamping: begin.step), attempt: begin.attempt, generation: generation,
            shards: begin.resolved ? [] : shards(of: begin.assignments), partOwners: begin.partOwners,
            overflows: begin.overflows)
        // This worker is ahead: it has the vector that the others lack.
        let isApplied = stage == .idle && work.step == step - 1
        let isApplying = stage == .applying && work.step == step && work.attempt == attempt
        if isApplied || isApplying {
            if work.partOwners.contains(number) { directives.append(.serve(work)) }
            return
        }
        guard work.step == step, stage == .idle || stage == .computing || stage == .reducing else { return }
        if begin.resolved {
            gatherOnly(work)
        } else {
            compute(work)
        }
    }

    /// The owners have everything; what is not computed yet is not needed any more.
    private mutating func gatherOnly(_ work: StepWork) {
        abandonPending()
        begin(work)
        stage = .reducing
        directives.append(.compute(work))
    }

    private mutating func compute(_ work: StepWork) {
        guard work.attempt >= attempt else { return }
        begin(work)
        pending = Set(work.shards).subtracting(computed)
        stage = .computing
        directives.append(.compute(work))
        if pending.isEmpty { finishShare() }
    }

    private mutating func begin(_ work: StepWork) {
        if self.work?.step != work.step || self.work?.attempt != work.attempt {
            computed = []
            hasOverflow = false
        }
        self.work = work
        attempt = work.attempt
    }

    private mutating func abandonPending() {
        guard stage == .computing, !pending.isEmpty else { return }
        pending = []
        directives.append(.yield(step: step, attempt: attempt, count: .max))
    }

    mutating func noteComputed(_ report: WireComputed) {
        guard stage == .computing || stage == .reducing, report.step == UInt64(step),
            report.attempt == attempt
        else { return }
        let shards = report.shards.map(Int.init)
        computed.formUnion(shards)
        pending.subtract(shards)
        if !report.overflows.isEmpty { hasOverflow = true }
        send(.computed(report))
        if stage == .computing, pending.isEmpty { finishShare() }
    }

    /// Everything of the share is computed: it goes out, unless something did not fit.
    private mutating func finishShare() {
        stage = .reducing
        guard let work, !work.shards.isEmpty, !hasOverflow else { return }
        directives.append(.contribute(work))
    }

    // MARK: Handing back

    mutating func yield(_ request: WireYield) {
        guard request.step == UInt64(step), request.attempt == attempt else { return }
        guard stage == .computing else { return answerYield([]) }
        yieldIsAsked = true
        directives.append(.yield(step: step, attempt: attempt, count: Int(request.count)))
    }

    mutating func noteYielded(_ step: Int, _ attempt: UInt32, _ shards: [Int]) {
        guard yieldIsAsked, step == self.step, attempt == self.attempt else { return }
        yieldIsAsked = false
        answerYield(shards)
        guard stage == .computing else { return }
        pending.subtract(shards)
        work?.shards.removeAll { shards.contains($0) }
        if pending.isEmpty { finishShare() }
    }

    private mutating func answerYield(_ shards: [Int]) {
        var yielded = WireYielded()
        yielded.step = UInt64(step)
        yielded.attempt = attempt
        yielded.shards = shards.map(UInt32.init)
        send(.yielded(yielded))
    }

    // MARK: The vector

    mutating func noteGathered(_ step: Int, _ attempt: UInt32) {
        guard stage == .reducing || stage == .computing, step == self.step, attempt == self.attempt else {
            return
        }
        abandonPending()
        stage = .applying
        directives.append(.apply(step: step, attempt: attempt))
    }

    mutating func noteApplied(_ done: WireStepDone) {
        guard done.step == UInt64(step) else { return }
        // Also while there is no coordinator: the replica is a step further, and says so when it is asked.
        step += 1
        attempt = 0
        guard stage == .applying else { return }
        stage = .idle
        // Of the generation whose sums it applied, though there may be a later one by now: in that it has
        // contributed nothing.
        send(.stepDone(done), generation: work?.generation)
    }
}
