import ClusterCore
import Training
import Transport

extension SimulatedCluster {
    /// Draws when which faults strike; after the last, and the longest of them, all is healed.
    func scheduleFaults() {
        var at = 0.0
        let mean = settings.faultInterval.seconds
        for _ in 0..<settings.faultCount {
            at += mean * Double(1 + random.below(200)) / 100
            let kind = settings.faults[random.below(settings.faults.count)]
            after(milliseconds: Int(at * 1000)) { $0.strike(kind) }
        }
        after(milliseconds: Int(at * 1000) + 1) { $0.endFaultsSoon() }
    }

    private func endFaultsSoon() {
        after(milliseconds: 100 + random.below(1500)) { $0.endFaults() }
    }

    /// The run comes to a moment that a fault may be aimed at: it strikes then or shortly after.
    func strike(at moment: Moment) {
        witness.note("moment: \(moment)")
        moments[moment, default: 0] += 1
        guard faultsEnded == nil else { return }
        for aimed in settings.aimed where aimed.moment == moment && aimed.ordinal == moments[moment] {
            let delay = random.chance(1, outOf: 2) ? 0 : Int64(random.below(4_000_000))
            time.schedule(after: delay) { [weak self] in self?.strike(aimed.kind) }
        }
    }

    func strike(_ kind: FaultKind) {
        guard faultsEnded == nil, outcome == nil else { return }
        faultsSeen[kind, default: 0] += 1
        witness.note("fault: \(kind)")
        switch kind {
        case .kill: kill(isSilent: false)
        case .powerCut: kill(isSilent: true)
        case .stop: stop()
        case .leave: attempt { try leave() }
        case .start: attempt { try startAnother() }
        case .partition: partition()
        case .isolate: isolate()
        case .disconnect: disconnect()
        case .delay: delay()
        case .duplicate:
            duplicating += 1
            later { $0.duplicating -= 1 }
        case .corrupt:
            corrupting += 1
            later { $0.corrupting -= 1 }
        case .slow: slow()
        case .killCoordinator: killCoordinator()
        case .stopCoordinator: stopCoordinator()
        case .preempt: attempt { try preempt() }
        }
    }

    /// Undoes a fault after a while: mostly soon, at times longer than the timeout.
    private func later(_ action: @escaping (SimulatedCluster) throws -> Void) {
        let isLong = random.chance(1, outOf: 4)
        after(milliseconds: isLong ? 1000 + random.below(6000) : 5 + random.below(600), action)
    }

    private func someWorker() -> Int? {
        places.indices.filter { places[$0].worker != nil }.randomElement(using: &random)
    }

    // MARK: Workers

    private func kill(isSilent: Bool) {
        guard let index = someWorker(), let worker = places[index].worker else { return }
        witness.note("\(worker.name) dies\(isSilent ? " without a word" : "")")
        if isSilent { unplug(index) }
        worker.kill()
        places[index].worker = nil
        if !isSilent { report(worker.process, "was killed") }
        again(index)
    }

    private func stop() {
        guard let index = someWorker(), let worker = places[index].worker, !worker.isStopped else { return }
        witness.note("\(worker.name) is stopped")
        worker.isStopped = true
        later { [weak worker] cluster in
            guard let worker, worker.isStopped else { return }
            cluster.witness.note("\(worker.name) goes on")
            worker.isStopped = false
        }
    }

    private func leave() throws {
        guard let index = someWorker(), let worker = places[index].worker, !worker.isStopped else { return }
        try worker.leave()
    }

    private func startAnother() throws {
        if let free = places.indices.first(where: { places[$0].worker == nil }) {
            return try startWorker(at: free)
        }
        guard places.count < 7 else { return }
        addPlace()
        try startWorker(at: places.count - 1)
    }

    private func slow() {
        guard let index = someWorker(), let replica = places[index].worker?.replica else { return }
        let usual = places[index].slowness
        guard replica.slowness == usual else { return }
        replica.slowness = usual * Double(2 + random.below(20))
        witness.note("\(places[index].name) is \(replica.slowness / usual) times slower")
        later { [weak replica] _ in replica?.slowness = usual }
    }

    // MARK: Network

    private var names: [String] { [Self.coordinatorName] + places.map(\.name) }

    private func somePair() -> (String, String) {
        let first = random.below(names.count)
        let second = (first + 1 + random.below(names.count - 1)) % names.count
        return (names[first], names[second])
    }

    private func partition() {
        let (first, second) = somePair()
        let isOneWay = random.chance(1, outOf: 2)
        witness.note("\(first) does not reach \(second)\(isOneWay ? "" : ", nor the other way")")
        network.cut(from: first, to: second)
        if !isOneWay { network.cut(from: second, to: first) }
        later { cluster in
            cluster.witness.note("\(first) reaches \(second)")
            cluster.network.heal(from: first, to: second)
            cluster.network.heal(from: second, to: first)
        }
    }

    private func isolate() {
        guard let index = someWorker(), !places[index].isDark else { return }
        witness.note("\(places[index].name) is cut off")
        unplug(index)
        later { cluster in
            cluster.witness.note("\(cluster.places[index].name) is plugged in")
            cluster.plug(index)
        }
    }

    private func unplug(_ index: Int) {
        places[index].isDark = true
        for other in names where other != places[index].name {
            network.cut(from: places[index].name, to: other)
            network.cut(from: other, to: places[index].name)
        }
    }

    func plug(_ index: Int) {
        places[index].isDark = false
        for other in names where other != places[index].name {
            network.heal(from: places[index].name, to: other)
            network.heal(from: other, to: places[index].name)
        }
    }

    private func disconnect() {
        let (first, second) = somePair()
        witness.note("connections between \(first) and \(second) break")
        network.disconnect(first, second)
    }

    private func delay() {
        let (first, second) = somePair()
        witness.note("messages from \(first) to \(second) take long")
        let milliseconds = Int64(1 + random.below(150))
        network.modelBetween[[first, second]] = LinkModel(
            latency: milliseconds * 1_000_000, jitter: milliseconds * 2_000_000)
        later { $0.network.modelBetween[[first, second]] = nil }
    }

    // MARK: Coordinator

    private func killCoordinator() {
        guard let coordinator else { return }
        witness.note("the coordinator dies")
        coordinator.kill()
        self.coordinator = nil
        after(milliseconds: 10 + random.below(random.chance(1, outOf: 4) ? 5000 : 500)) {
            try $0.startCoordinator()
        }
    }

    private func stopCoordinator() {
        guard let coordinator, !coordinator.isStopped else { return }
        witness.note("the coordinator is stopped")
        coordinator.isStopped = true
        later { [weak coordinator] cluster in
            guard let coordinator, coordinator.isStopped else { return }
            cluster.witness.note("the coordinator goes on")
            coordinator.isStopped = false
        }
    }

    private func preempt() throws {
        guard let coordinator, !coordinator.isStopped else { return }
        stopsLaunch = true
        launchesStopped += 1
        try coordinator.node.tell(.stopRequested(reason: "terminated"))
        coordinator.wake()
    }

    // MARK: The end of faults

    private func endFaults() {
        witness.note("faults end")
        faultsEnded = time.now
        network.modelBetween = [:]
        (duplicating, corrupting) = (0, 0)
        for first in names {
            for second in names where first != second { network.heal(from: first, to: second) }
        }
        for index in places.indices {
            places[index].isDark = false
            places[index].worker?.isStopped = false
            places[index].worker?.replica.slowness = places[index].slowness
        }
        coordinator?.isStopped = false
        attempt {
            for index in places.indices.prefix(settings.workers) { try startWorker(at: index) }
            if coordinator == nil { try startCoordinator() }
        }
    }
}
