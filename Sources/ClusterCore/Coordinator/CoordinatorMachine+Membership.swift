import Foundation

/// Who belongs to the run while it goes on: joining, leaving, dying. Every change is a new generation.
extension CoordinatorMachine {
    /// Sent and expected so often that several may be lost before a peer counts as dead.
    var heartbeatInterval: Duration { settings.timeout / 4 }

    /// Messages are lost with a connection, and so is often one of its ends: give that time to be told.
    private static var complaintDelay: Duration { .milliseconds(100) }

    // MARK: Generations

    mutating func formGeneration() {
        generation += 1
        membersChanged = false
        complaints = []
        let members = members
        wanted = members.count
        var formation = WireFormation()
        formation.members = members.map { number in
            var member = WireMember()
            member.worker = number
            member.dataEndpoint = workers[number]!.dataEndpoint
            member.incarnation = Data(workers[number]!.incarnation)
            return member
        }
        for number in members {
            workers[number]!.feed = nil
            workers[number]!.unreachable = [:]
        }
        send(.formation(formation), to: members)
    }

    // MARK: Losing

    mutating func workerExited(_ process: UInt32, _ how: String) {
        guard let worker = workers.values.first(where: { $0.process == process }) else { return }
        lose(worker.number, how)
    }

    mutating func noteFailure(_ worker: WorkerRecord, _ failure: WireFailure) {
        let isAlone = workers.count == 1
        if failure.everywhere || generation == 0 || isAlone {
            return fail("\(worker.label): \(failure.reason)")
        }
        lose(worker.number, "failed: \(failure.reason)")
    }

    /// A worker is gone, whatever it was doing.
    mutating func lose(_ number: UInt32, _ how: String) {
        guard let worker = workers[number] else { return }
        // In case it lives.
        drop(worker.incarnation, how)
        lostIncarnations.insert(worker.incarnation)
        let left = members.count - (worker.standing == .member ? 1 : 0)
        let rest = ["no member is left", "1 member goes on"].dropFirst(left).first ?? "\(left) members go on"
        log("lost \(worker.label) at step \(step): it \(how); \(rest)")
        remove(number)
    }

    /// Tells a worker to end.
    mutating func dismiss(_ number: UInt32, _ reason: String, failed: Bool = false) {
        var stop = WireStop()
        stop.reason = reason
        stop.failed = failed
        send(.stop(stop), to: workers[number]!)
        remove(number)
    }

    private mutating func remove(_ number: UInt32) {
        guard let worker = workers.removeValue(forKey: number) else { return }
        endFeeds(of: worker)
        if starters.remove(number) != nil {
            starterDigests[number] = nil
            return checkStarters()
        }
        if saving != nil { noteSaverLost(number) }
        if worker.standing == .member { memberLost(number) }
    }

    private mutating func memberLost(_ number: UInt32) {
        book.shares[number] = nil
        book.done[number] = nil
        book.yielding.remove(number)
        if stage == .stepping { book.lostAt = book.lostAt ?? now }
        guard !members.isEmpty else { return collapse() }
        formGeneration()
        switch stage {
        case .stepping: beginRound()
        case .evaluating:
            evaluation.shares[number] = nil
            dealEvaluation()
        case .weighing: weigh()
        case .reshaping:
            reshapeDigests[number] = nil
            checkReshaped()
        case .saving: advance()
        case .gathering, .rewinding, .preparing, .admitting, .planning, .finished: break
        }
    }

    // MARK: Leaving

    mutating func leave(_ worker: WorkerRecord, _ reason: String) {
        log("\(worker.label) was told to leave: \(reason)")
        guard worker.standing == .member else {
            // Without it there may be nobody to wait for.
            if workers.count == 1, !settings.canGrow {
                return requestStop("\(worker.label) was told to leave")
            }
            return dismiss(worker.number, "it left before it was a member")
        }
        workers[worker.number]!.isLeaving = true
        if membersThatStay.isEmpty, !settings.canGrow {
            return requestStop("\(worker.label) was told to leave")
        }
        if stage == .stepping { askBack(from: worker.number, count: .max) }
    }

    var membersThatStay: [UInt32] { members.filter { !workers[$0]!.isLeaving } }

    /// At a boundary: lets go those that were told to leave, but never the last that holds the state unless
    /// that is saved.
    mutating func releaseLeavers() {
        guard stopReason == nil else { return }
        let leavers = members.filter { workers[$0]!.isLeaving }
        guard !leavers.isEmpty, leavers.count < members.count || savedStep == step else { return }
        for number in leavers {
            var stop = WireStop()
            stop.reason = "it left the run"
            send(.stop(stop), to: workers[number]!)
            let worker = workers.removeValue(forKey: number)!
            endFeeds(of: worker)
            if saving != nil { noteSaverLost(number) }
        }
        membersChanged = true
    }

    // MARK: Joining

    /// At a boundary: takes in the workers that hold the state of this step.
    /// - Returns: false where it is worth waiting for one that lacks only the last step.
    mutating func admit() -> Bool {
        var isClose = false
        for number in workers.keys.sorted() where !workers[number]!.isLeaving {
            guard case .ready(let held) = workers[number]!.standing else { continue }
            if held == step, workers[number]!.holds?.phase == phase.rawValue {
                workers[number]!.standing = .member
                membersChanged = true
                log("\(workers[number]!.label) joined at step \(step)")
            } else if held == step - 1, workers[number]!.feed != nil {
                isClose = true
            }
        }
        guard isClose else { return true }
        if admissionDue == nil {
            admissionDue = now + min(max(.seconds(lastStepSeconds), .milliseconds(50)), settings.timeout / 4)
        }
        return now >= admissionDue!
    }

    /// Workers without a state get it from members, each from another one as far as there are enough.
    mutating func startFeeds() {
        let sources = membersThatStay
        guard !sources.isEmpty else { return }
        for number in workers.keys.sorted() {
            let worker = workers[number]!
            guard worker.feed == nil, worker.wantsState, !worker.isLeaving else { continue }
            lastFeed += 1
            let source = sources[Int(lastFeed % UInt64(sources.count))]
            workers[number]!.feed = WorkerRecord.Feed(number: lastFeed, source: source)
            workers[number]!.beginLoading(.waiting)
            sendFeed(to: workers[number]!, cancel: false)
        }
    }

    private mutating func sendFeed(to worker: WorkerRecord, cancel: Bool) {
        guard let present = worker.feed, let source = workers[present.source] else { return }
        var feed = WireFeed()
        feed.feed = present.number
        feed.step = UInt64(step)
        feed.worker = worker.number
        feed.dataEndpoint = worker.dataEndpoint
        feed.cancel = cancel
        send(.feed(feed), to: source)
    }

    /// A state of before the prune is of no use after it.
    mutating func cancelFeeds() {
        for number in workers.keys.sorted() where workers[number]!.feed != nil {
            endFeed(of: number)
            workers[number]!.standing = .waiting
        }
    }

    mutating func endFeed(of number: UInt32) {
        guard let worker = workers[number], worker.feed != nil else { return }
        sendFeed(to: worker, cancel: true)
        workers[number]!.feed = nil
    }

    mutating func noteFeedEnded(_ source: UInt32, _ ended: WireFeedEnded) {
        for worker in workers.values where worker.feed == .init(number: ended.feed, source: source) {
            log("\(worker.label) has to be sent the state again: \(ended.reason)")
            workers[worker.number]!.feed = nil
            workers[worker.number]!.standing = .waiting
        }
    }

    private mutating func endFeeds(of gone: WorkerRecord) {
        if gone.feed != nil { sendFeed(to: gone, cancel: true) }
        for worker in workers.values where worker.feed?.source == gone.number {
            workers[worker.number]!.feed = nil
            workers[worker.number]!.standing = .waiting
        }
    }

    // MARK: Time

    mutating func note(_ heartbeat: WireHeartbeat, from number: UInt32) {
        let before = workers[number]!.unreachable
        workers[number]!.unreachable = Dictionary(
            heartbeat.unreachable.prefix(workers.count).map { ($0, before[$0] ?? now) },
            uniquingKeysWith: { first, _ in first })
    }

    mutating func tick() {
        // This process stood still itself: what the workers said meanwhile is still to be read.
        if now - lastTick > settings.timeout / 2 {
            for number in workers.keys {
                workers[number]!.lastHeard = max(workers[number]!.lastHeard, now - settings.timeout / 2)
            }
        }
        lastTick = now
        if now >= heartbeatDue {
            heartbeatDue = now + heartbeatInterval
            var heartbeat = WireHeartbeat()
            heartbeat.step = UInt64(step)
            send(.heartbeat(heartbeat), to: workers.keys.sorted())
        }
        for worker in workers.values.sorted(by: { $0.number < $1.number })
        where worker.standing != .greeted && now - worker.lastHeard > settings.timeout {
            lose(worker.number, "was not heard of for \(settings.timeout)")
        }
        tickStage()
    }

    private mutating func tickStage() {
        switch stage {
        case .gathering:
            startIfPossible()
            if stage == .gathering, now - gatheringSince > settings.patience { giveUpGathering() }
        case .admitting: if let admissionDue, now >= admissionDue { advance() }
        case .stepping:
            resendAfterComplaints()
            separateTheUnreachable()
            askLaggards()
        default: break
        }
    }

    private mutating func giveUpGathering() {
        if generation == 0 {
            fail("\(workers.count) of \(wanted) workers came within \(settings.patience)")
        } else {
            finish(.preempted(step: savedStep ?? 0, reason: "no worker came for \(settings.patience)"))
        }
    }

    /// Messages between two members were lost: all sums go out again, in a new generation.
    private mutating func resendAfterComplaints() {
        let isDue = complaints.contains { complaint in
            let ends = [complaint.by, complaint.about]
            return now - complaint.since >= Self.complaintDelay
                && ends.allSatisfy { workers[$0]?.standing == .member }
                && ends.contains { book.done[$0] == nil }
        }
        guard isDue else { return }
        log("messages between members were lost in step \(step): sending them again")
        formGeneration()
        beginRound()
    }

    /// Two members that cannot reach each other for long cannot both stay.
    private mutating func separateTheUnreachable() {
        var votes: [UInt32: Int] = [:]
        for number in members {
            for (other, since) in workers[number]!.unreachable
            where now - since > settings.timeout / 2 && workers[other]?.standing == .member {
                votes[number, default: 0] += 1
                votes[other, default: 0] += 1
            }
        }
        guard let worst = votes.max(by: { ($0.value, $0.key) < ($1.value, $1.key) }) else { return }
        lose(worst.key, "has no connection to other members")
    }
}

extension WorkerRecord {
    /// Another state is about to replace what it holds.
    mutating func beginLoading(_ standing: Standing) {
        self.standing = standing
        (held, holds) = (nil, nil)
    }

    /// Whether it has opened its data, and lacks the run's state.
    fileprivate var wantsState: Bool {
        switch standing {
        case .waiting, .ready: true
        case .greeted, .preparing, .loading, .member: false
        }
    }
}
