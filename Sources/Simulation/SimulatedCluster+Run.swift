import ClusterCore
import Transport

extension SimulatedCluster {
    /// From the end of the faults, or the start of the last worker, to the next commit; and from the end of
    /// the faults to the end of the run.
    static let resumeTimeouts = 8
    static let finishTimeouts = 40
    /// Virtual time after which a run without faults is taken to hang.
    static let longest = Duration.seconds(600)

    /// Runs to the end.
    /// - Throws: ``SimulationFailure``.
    package func run() throws(SimulationFailure) -> SimulationReport {
        defer { network.shutDown() }
        attempt {
            try startCoordinator()
            for index in places.indices { try startWorker(at: index) }
        }
        scheduleFaults()
        var events = 0
        while witness.broken == nil, !isOver {
            guard time.runNext() else {
                witness.violate("nothing is left to happen")
                break
            }
            events += 1
            checkProgress()
        }
        if witness.broken == nil { checkEnd() }
        if let broken = witness.broken {
            throw SimulationFailure(
                seed: settings.seed, seconds: time.now.seconds, broken: broken,
                events: Array(witness.trace.last.suffix(Trace.shownMax)))
        }
        return SimulationReport(
            seed: settings.seed, seconds: time.now.seconds, events: events, faults: faultsSeen,
            launches: disk.launches.count, generations: generations, stepsLost: disk.stepsLost,
            digest: witness.trace.digest)
    }

    /// The run is done and all processes have ended.
    private var isOver: Bool {
        outcome != nil && places.allSatisfy { $0.worker == nil }
    }

    private var generations: UInt64 { disk.ledger.last?.generation ?? 0 }

    private func checkProgress() {
        let now = time.now
        if disk.ledger.count != progress.steps { progress = (disk.ledger.count, now) }
        guard let ended = faultsEnded else {
            if now > Self.longest { witness.violate("the run hangs") }
            return
        }
        if outcome == nil, now - max(ended, progress.since) > settings.timeout * Self.resumeTimeouts {
            witness.violate(
                "no step was committed for \(Self.resumeTimeouts) timeouts after the faults had ended; "
                    + "\(disk.ledger.count) steps are")
        } else if now - ended > settings.timeout * Self.finishTimeouts {
            let left = places.compactMap { $0.worker?.name }
            witness.violate(
                outcome == nil ? "the run does not come to its end" : "the run is done and \(left) go on")
        }
    }

    /// The ledger and the state are what they would be without a cluster.
    private func checkEnd() {
        let steps = disk.ledger.map(\.step)
        let last = witness.reference.lastStep
        if steps != Array(1...last) { witness.violate("the ledger has steps \(steps)") }
        if disk.checkpoints.last != witness.reference.final {
            witness.violate("the last checkpoint is not the reference's state")
        }
        let end = witness.reference.plan?.step ?? 0
        let due = (1...last).filter {
            $0 > end && ($0 == last || ($0 - end) % settings.schedule.evaluateEvery == 0)
        }
        let missing = due.filter { disk.evaluations[$0] == nil }
        if !missing.isEmpty { witness.violate("steps \(missing) were not evaluated") }
    }
}

extension SimulatedCluster {
    /// Simulates one seed. A run that fails is repeated to tell what happened before.
    /// - Throws: ``SimulationFailure``.
    package static func run(
        _ settings: SimulationSettings
    ) throws(SimulationFailure) -> SimulationReport {
        do {
            return try SimulatedCluster(settings).run()
        } catch let first {
            do {
                _ = try SimulatedCluster(settings, isVerbose: true).run()
            } catch let second {
                throw second
            }
            throw first
        }
    }
}
