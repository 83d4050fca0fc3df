extension CoordinatorMachine {
    /// A step whose exponents have not settled after so many attempts never will.
    static var attemptsMax: UInt32 { 8 }

    mutating func beginStep() {
        stage = .stepping
        book = StepBook()
        book.begun = now
        sendAttempt(overflows: [])
    }

    private mutating func sendAttempt(overflows: [WireOverflow]) {
        let members = workers.keys.sorted()
        let shares = ShardAssignment.even(shards: 0..<settings.schedule.shardsPerStep, workers: members)
        var begin = WireBeginStep()
        begin.step = UInt64(step)
        begin.attempt = book.attempt
        begin.assignments = wireAssignments(shares)
        begin.partOwners = members
        begin.overflows = overflows
        book.assigned = Set(shares.keys)
        book.computed = []
        book.overflows = [:]
        sendToAll(.beginStep(begin))
    }

    func wireAssignments(_ shares: [UInt32: [Int]]) -> [WireAssignment] {
        shares.keys.sorted().map { number in
            var assignment = WireAssignment()
            assignment.worker = number
            assignment.shards = shares[number]!.map(UInt32.init)
            return assignment
        }
    }

    mutating func noteComputed(_ worker: UInt32, _ computed: WireComputed) {
        guard isCurrent(computed.step, computed.attempt), book.assigned.contains(worker) else { return }
        book.computed.insert(worker)
        for overflow in computed.overflows {
            book.overflows[overflow.segment] = max(overflow.magnitude, book.overflows[overflow.segment] ?? 0)
        }
        guard book.computed == book.assigned, !book.overflows.isEmpty else { return }
        redo()
    }

    /// Every worker raises the exponents by the union of the overflows, which does not depend on who computed
    /// what.
    private mutating func redo() {
        guard book.attempt + 1 < Self.attemptsMax else {
            return fail(
                "step \(step): gradients still overflow after \(Self.attemptsMax) attempts; "
                    + "lower the learning rate"
            )
        }
        book.attempt += 1
        let overflows = book.overflows.keys.sorted().map { segment in
            var overflow = WireOverflow()
            overflow.segment = segment
            overflow.magnitude = book.overflows[segment]!
            return overflow
        }
        sendAttempt(overflows: overflows)
    }

    private func isCurrent(_ step: UInt64, _ attempt: UInt32) -> Bool {
        stage == .stepping && step == UInt64(self.step) && attempt == book.attempt
    }

    mutating func noteDone(_ worker: UInt32, _ done: WireStepDone) {
        guard isCurrent(done.step, done.attempt) else { return }
        book.done[worker] = done
        guard book.done.count == workers.count else { return }
        let reports = book.done.sorted { $0.key < $1.key }
        let first = reports[0]
        if let other = reports.first(where: { $0.value.metrics != first.value.metrics }) {
            return fail(
                "\(workers[other.key]!.label) and \(workers[first.key]!.label) differ after step \(step): "
                    + "one of these machines computes wrongly")
        }
        commit(first.value.metrics)
    }

    private mutating func commit(_ metrics: WireStepMetrics) {
        step += 1
        directives.append(
            .record(
                CommittedStep(
                    step: step, phase: phase, generation: generation, attempt: book.attempt,
                    participants: book.assigned.sorted(), loss: metrics.loss,
                    top1: Int(clamping: metrics.top1),
                    top5: Int(clamping: metrics.top5), images: Int(clamping: metrics.images),
                    bytesSent: book.done.values.reduce(0) { $0 &+ $1.bytesSent },
                    bytesUncoded: book.done.values.reduce(0) { $0 &+ $1.bytesUncoded },
                    seconds: (now - book.begun).seconds)))
        advance()
    }
}

extension Duration {
    /// As a number of seconds.
    public var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
