extension CoordinatorMachine {
    /// A step whose exponents have not settled after so many attempts never will.
    static var attemptsMax: UInt32 { 8 }

    mutating func beginStep() {
        stage = .stepping
        book = StepBook()
        book.begun = now
        complaints = []
        beginRound()
    }

    /// Deals what nobody living has computed or is to compute, and tells everyone. Without a change of
    /// members that is the beginning of an attempt.
    mutating func beginRound() {
        guard !allAreDone() else { return }
        book.yielding = []
        if book.done.isEmpty {
            dealMissing()
            if redoIfOverflown() { return }
        }
        announceRound(to: members)
    }

    /// Tells each of some members its own share: with everyone's, the messages of a large cluster would grow
    /// with the square of its size.
    private mutating func announceRound(to receivers: [UInt32]) {
        book.rounds[generation] = book.shares
        var begin = WireBeginStep()
        begin.step = UInt64(step)
        begin.attempt = book.attempt
        begin.overflows = book.raised
        begin.resolved = !book.done.isEmpty
        begin.partOwners = begin.resolved ? book.done.keys.sorted() : members
        for number in receivers {
            begin.assignments = [assignment(of: book.shares[number] ?? [], to: number)]
            send(.beginStep(begin), to: workers[number]!)
        }
    }

    private mutating func dealMissing() {
        var covered = Set(book.shares.values.joined())
        // What did not fit needs no sums: the attempt is lost anyway.
        if !book.overflows.isEmpty { covered.formUnion(book.reported) }
        let missing = (0..<settings.schedule.shardsPerStep).filter { !covered.contains($0) }
        book.reported.subtract(missing)
        give(missing, to: membersThatStay.isEmpty ? members : membersThatStay)
    }

    private mutating func give(_ shards: [Int], to candidates: [UInt32]) {
        let speeds = secondsPerShard()
        var loads: [UInt32: Int] = [:]
        for (worker, share) in book.shares { loads[worker] = share.count { !book.reported.contains($0) } }
        let shares = ShardDeal.deal(
            shards, seconds: speeds.filter { candidates.contains($0.key) }, loads: loads)
        for (worker, extra) in shares {
            book.shares[worker, default: []] += extra
            book.lastReport[worker] = now
        }
    }

    /// Measured, or for new members guessed from the others' by the number of threads.
    func secondsPerShard() -> [UInt32: Double] {
        let known = members.compactMap { number in
            workers[number]!.secondsPerShard.map { $0 * Double(workers[number]!.threads) }
        }
        let mean = known.isEmpty ? 1 : known.reduce(0, +) / Double(known.count)
        return Dictionary(
            uniqueKeysWithValues: members.map { number in
                let worker = workers[number]!
                return (number, worker.secondsPerShard ?? mean / Double(worker.threads))
            })
    }

    func assignment(of shards: [Int], to number: UInt32) -> WireAssignment {
        var assignment = WireAssignment()
        assignment.worker = number
        assignment.shards = shards.map(UInt32.init)
        return assignment
    }

    private func isCurrent(_ step: UInt64, _ attempt: UInt32) -> Bool {
        stage == .stepping && step == UInt64(self.step) && attempt == book.attempt
    }

    // MARK: Computed

    mutating func noteComputed(_ worker: UInt32, _ computed: WireComputed) {
        guard isCurrent(computed.step, computed.attempt), workers[worker]!.standing == .member else { return }
        let shards = computed.shards.prefix(settings.schedule.shardsPerStep).map(Int.init)
        guard !shards.isEmpty, shards.allSatisfy({ $0 < settings.schedule.shardsPerStep }) else { return }
        book.reported.formUnion(shards)
        book.lastReport[worker] = now
        workers[worker]!.note(secondsPerShard: computed.seconds / Double(shards.count))
        for overflow in computed.overflows {
            book.overflows[overflow.segment] = max(overflow.magnitude, book.overflows[overflow.segment] ?? 0)
        }
        guard !redoIfOverflown() else { return }
        // Looking for laggards takes all members' shares: only a worker that has nothing left asks for it.
        if (book.shares[worker] ?? []).allSatisfy(book.reported.contains) { askLaggards() }
    }

    /// Every worker raises the exponents by the union of the overflows, which does not depend on who computed
    /// what.
    private mutating func redoIfOverflown() -> Bool {
        guard !book.overflows.isEmpty, book.reported.count == settings.schedule.shardsPerStep else {
            return false
        }
        guard book.attempt + 1 < Self.attemptsMax else {
            fail(
                "step \(step): gradients still overflow after \(Self.attemptsMax) attempts; "
                    + "lower the learning rate")
            return true
        }
        book.attempt += 1
        book.raised = book.overflows.keys.sorted().map { segment in
            var overflow = WireOverflow()
            overflow.segment = segment
            overflow.magnitude = book.overflows[segment]!
            return overflow
        }
        (book.overflows, book.reported, book.shares, book.rounds) = ([:], [], [:], [:])
        beginRound()
        return true
    }

    // MARK: Laggards

    /// Whoever has nothing left to compute takes over from who would be done last, if that is sooner.
    mutating func askLaggards() {
        guard book.overflows.isEmpty, book.done.isEmpty, book.yielding.isEmpty else { return }
        let rest = book.shares.mapValues { share in share.count { !book.reported.contains($0) } }
        let speeds = secondsPerShard()
        guard let idle = membersThatStay.filter({ rest[$0] ?? 0 == 0 }).min(by: { speeds[$0]! < speeds[$1]! })
        else { return }
        let laggard = rest.filter { $0.value >= 2 && $0.key != idle }.map { number, count in
            // A machine that became slow has not told yet.
            let silent = (now - (book.lastReport[number] ?? book.begun)).seconds
            return (number: number, count: count, seconds: max(speeds[number] ?? 1, silent))
        }.max { ($0.seconds * Double($0.count), $0.number) < ($1.seconds * Double($1.count), $1.number) }
        guard let laggard else { return }
        let own = speeds[idle]!
        guard own < (Double(laggard.count) - 0.5) * laggard.seconds else { return }
        let fair = Double(laggard.count) * laggard.seconds / (own + laggard.seconds)
        askBack(from: laggard.number, count: max(1, min(laggard.count - 1, Int(fair))))
    }

    mutating func askBack(from worker: UInt32, count: Int) {
        guard book.done[worker] == nil, !book.yielding.contains(worker) else { return }
        book.yielding.insert(worker)
        var request = WireYield()
        request.step = UInt64(step)
        request.attempt = book.attempt
        request.count = UInt32(clamping: count)
        send(.yield(request), to: workers[worker]!)
    }

    /// An answer from before this round does not count: the round gave the shards to that worker again.
    mutating func noteYielded(_ worker: UInt32, _ yielded: WireYielded, in generation: UInt64) {
        guard isCurrent(yielded.step, yielded.attempt), generation == self.generation,
            book.yielding.remove(worker) != nil
        else { return }
        let shards = Set(yielded.shards.map(Int.init)).intersection(book.shares[worker] ?? [])
        book.shares[worker]?.removeAll { shards.contains($0) }
        guard !shards.isEmpty, book.done.isEmpty else { return }
        let others = membersThatStay.filter { $0 != worker && !book.yielding.contains($0) }
        let before = book.shares
        give(shards.sorted(), to: others.isEmpty ? [worker] : others)
        announceRound(to: members.filter { book.shares[$0] != before[$0] })
    }

    // MARK: Done

    mutating func noteDone(_ worker: UInt32, _ done: WireStepDone, in generation: UInt64) {
        guard isCurrent(done.step, done.attempt), workers[worker]!.standing == .member else { return }
        book.done[worker] = done
        book.settled = book.settled ?? generation
        guard !allAreDone(), generation < self.generation else { return }
        // It had the vector before it knew of this round, and will not do its share of it; but it can give
        // the vector to the others.
        formGeneration()
        beginRound()
    }

    /// Whether every member has applied the step, which is then committed.
    private mutating func allAreDone() -> Bool {
        let members = members
        guard !members.isEmpty, members.allSatisfy({ book.done[$0] != nil }) else { return false }
        let first = book.done[members[0]]!
        if let other = members.first(where: { book.done[$0]!.metrics != first.metrics }) {
            fail(
                "\(workers[other]!.label) and \(workers[members[0]]!.label) differ after step \(step): "
                    + "one of these machines computes wrongly")
            return true
        }
        commit(first.metrics)
        return true
    }

    private var participants: [UInt32: [Int]] {
        (book.settled.flatMap { book.rounds[$0] } ?? book.shares).filter { !$0.value.isEmpty }
    }

    private mutating func commit(_ metrics: WireStepMetrics) {
        step += 1
        recordedStep = step
        lastStepSeconds = (now - book.begun).seconds
        let recovery = book.lostAt.map { (now - $0).seconds }
        if let recovery {
            recoveries = recoveries.suffix(999) + [recovery]
            log("step \(step) committed \(Int(recovery * 1000)) ms after the loss")
        }
        directives.append(
            .record(
                CommittedStep(
                    step: step, phase: phase, generation: generation, attempt: book.attempt,
                    participants: participants, loss: metrics.loss,
                    top1: Int(clamping: metrics.top1), top5: Int(clamping: metrics.top5),
                    images: Int(clamping: metrics.images),
                    bytesSent: book.done.values.reduce(0) { $0 &+ $1.bytesSent },
                    bytesUncoded: book.done.values.reduce(0) { $0 &+ $1.bytesUncoded },
                    seconds: lastStepSeconds, recoverySeconds: recovery)))
        admissionDue = nil
        advance()
    }
}

extension Duration {
    /// As a number of seconds.
    public var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
