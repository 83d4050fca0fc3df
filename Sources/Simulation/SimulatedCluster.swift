import ClusterCore
import Training
import Transport

/// A whole run on a simulated cluster: the real coordinator and worker nodes, on a network in virtual time,
/// with faults. One thread, no real time; the same seed gives the same run.
package final class SimulatedCluster {
    let settings: SimulationSettings
    let witness: Witness
    let time: VirtualTime
    let network: VirtualNetwork
    let disk = SimulatedDisk()
    var random: SeededRandom
    var coordinator: SimulatedCoordinator?
    /// By place: a worker that is started again has the same name and endpoint.
    var places: [Place] = []
    var outcome: RunOutcome?
    /// How many faults of each window are open.
    var duplicating = 0
    var corrupting = 0
    var moments: [Moment: Int] = [:]
    /// Once set, nothing goes wrong any more.
    var faultsEnded: Duration?
    var faultsSeen: [FaultKind: Int] = [:]
    private var processes: UInt32 = 100
    /// Committed steps, and since when there are so many, or as many workers.
    var progress: (steps: Int, since: Duration) = (0, .zero)

    struct Place {
        let name: String
        let endpoint: String
        var slowness: Double
        var worker: SimulatedWorker?
        /// Its machine has no power: it is unplugged from the others.
        var isDark = false
    }

    static let coordinatorName = "coordinator"
    static let coordinatorEndpoint = "tcp://10.0.0.1:7000"

    package init(_ settings: SimulationSettings, isVerbose: Bool = false, print: ((String) -> Void)? = nil) {
        self.settings = settings
        random = SeededRandom(SeededRandom.mix(settings.seed))
        time = VirtualTime()
        let training = SimulatedTraining(
            seed: settings.seed, schedule: settings.schedule, plansAtStart: settings.plansAtStart,
            searchElements: settings.searchElements, convergeElements: settings.convergeElements)
        disk.plan = training.firstPlan
        witness = Witness(
            time: time, reference: ReferenceRun(training), mutation: settings.mutation,
            trace: Trace(isVerbose: isVerbose, print: print))
        network = VirtualNetwork(time, model: settings.link, seed: random.next())
        for _ in 0..<settings.workers { addPlace() }
        network.judge = { [weak self] in self?.judge($0) ?? .deliver }
        if isVerbose { network.note = { [weak witness] text in witness?.note(text()) } }
        witness.moment = { [weak self] in self?.strike(at: $0) }
    }

    // MARK: Processes

    func addPlace() {
        let index = places.count
        places.append(
            Place(
                name: "worker\(index + 1)", endpoint: "tcp://10.0.0.\(index + 2):7000",
                slowness: settings.slowness[index % settings.slowness.count]))
    }

    private func randomBytes() -> [UInt8] {
        (0..<16).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    func startWorker(at index: Int) throws {
        guard places[index].worker == nil, outcome == nil else { return }
        let place = places[index]
        // A launch waits for as many as there were, and some come late.
        progress.since = time.now
        if place.isDark { plug(index) }
        processes += 1
        witness.note("\(place.name) starts as process \(processes)")
        let node = WorkerNode.Settings(
            join: Self.coordinatorEndpoint, timeout: settings.timeout, patience: settings.timeout * 20)
        let worker = try SimulatedWorker(
            witness, network.switchboard(named: place.name), endpoint: place.endpoint, process: processes,
            incarnation: randomBytes(), slowness: place.slowness, settings: node)
        worker.onExit = { [weak self] in self?.workerEnded(index, $0) }
        worker.launchesStoppedBefore = launchesStopped - (stopsLaunch ? 1 : 0)
        places[index].worker = worker
    }

    /// A worker's own end: the run's, or it was told to leave.
    private func workerEnded(_ index: Int, _ end: WorkerOutcome) {
        guard let worker = places[index].worker else { return }
        places[index].worker = nil
        // A worker that never heard of a coordinator gives up, and whoever started it starts it again.
        let wasAlone = worker.node.machine.run == nil
        if case .failed(let reason) = end, !wasAlone, outcome == nil {
            return witness.violate("\(worker.name) gave up: \(reason)")
        }
        report(worker.process, "ended")
        guard outcome == nil else { return }
        if !worker.isLeaving, worker.launchesStoppedBefore == launchesStopped, !wasAlone {
            witness.violate("\(worker.name) ended before the run")
        }
        again(index)
    }

    /// Whether the launch was told to stop, and how many were.
    var stopsLaunch = false
    var launchesStopped = 0

    func report(_ process: UInt32, _ how: String) {
        guard settings.isLocal, let coordinator, coordinator.isAlive, !coordinator.isStopped else { return }
        time.schedule(after: 500_000) { [weak self, weak coordinator] in
            guard let self, let coordinator, coordinator.isAlive else { return }
            attempt { try coordinator.node.tell(.workerExited(process: process, how: how)) }
            coordinator.wake()
        }
    }

    /// Starts a worker again in a while.
    func again(_ index: Int) {
        let isLate = random.chance(1, outOf: 5)
        after(milliseconds: isLate ? 3000 + random.below(5000) : 20 + random.below(1200)) { cluster in
            try cluster.startWorker(at: index)
        }
    }

    func startCoordinator() throws {
        guard coordinator == nil, outcome == nil else { return }
        stopsLaunch = false
        let run = RunID(bytes: randomBytes())!
        let launches = disk.launches
        disk.launches.append(run)
        let resume = disk.checkpoints.last
        witness.note("the coordinator starts its launch \(launches.count + 1)")
        let machine = CoordinatorMachine.Settings(
            run: run, knownRuns: launches, version: "simulated", recipe: "network: simulated",
            schedule: settings.schedule, workersWanted: settings.workers, timeout: settings.timeout,
            patience: .seconds(600),
            resume: resume.map { CoordinatorMachine.Resume(step: $0.step, phase: $0.phase) },
            plan: disk.plan, recordedStep: disk.ledger.count)
        let coordinator = try SimulatedCoordinator(
            witness, network.switchboard(named: Self.coordinatorName), endpoint: Self.coordinatorEndpoint,
            disk, settings: machine)
        coordinator.onFinish = { [weak self] in self?.launchEnded($0) }
        self.coordinator = coordinator
    }

    private func launchEnded(_ outcome: RunOutcome) {
        coordinator = nil
        switch outcome {
        case .done: self.outcome = outcome
        case .failed(let reason): witness.violate("the run failed: \(reason)")
        case .preempted(let step, _):
            if !stopsLaunch { witness.violate("the run stopped at step \(step) though nobody asked for it") }
            if disk.checkpoints.last?.step ?? 0 < step {
                witness.violate("the run stopped at step \(step) without a checkpoint of it")
            }
            after(milliseconds: 10 + random.below(500)) { try $0.startCoordinator() }
        }
    }

    // MARK: Time

    func after(milliseconds: Int, _ action: @escaping (SimulatedCluster) throws -> Void) {
        time.schedule(after: Int64(milliseconds) * 1_000_000) { [weak self] in
            guard let self else { return }
            attempt { try action(self) }
        }
    }

    func attempt(_ action: () throws -> Void) {
        do { try action() } catch { witness.violate("\(error)") }
    }

    // MARK: Messages

    private func judge(_ passage: VirtualPassage) -> VirtualPassage.Fate {
        witness.note("\(passage.sender) > \(passage.receiver): \(MessageText.text(passage.frames))")
        guard duplicating > 0 || corrupting > 0, passage.frames.count == 2,
            MessageText.isBlock(passage.frames[0])
        else { return .deliver }
        if duplicating > 0, random.chance(1, outOf: 3) {
            witness.note("... twice")
            return .duplicate(after: Int64(random.below(20_000_000)))
        }
        if corrupting > 0, random.chance(1, outOf: 12) {
            let frame = random.below(2)
            var frames = passage.frames
            var bytes = frames[frame].bytes
            guard !bytes.isEmpty else { return .deliver }
            bytes[random.below(bytes.count)] ^= UInt8(1 << random.below(8))
            frames[frame] = Frame(bytes)
            witness.note("... damaged")
            return .replace(frames)
        }
        return .deliver
    }
}
