import ClusterCore
import Recipe
import TensorCore
import Transport

@testable import Training

/// A coordinator and workers with real replicas in one process, without sockets and disks. One thread polls
/// all nodes in turn.
final class NodeCluster {
    struct Worker {
        let name: String
        let node: WorkerNode
        let replica: ReplicaThread
    }

    static let endpoint = "ipc:///cluster/coordinator"
    /// Of silence: nothing here is found by that.
    private static let timeout = Duration.seconds(600)

    let definition: RunDefinition
    let network = InMemoryNetwork()
    private(set) var store: MemoryStore!
    private(set) var coordinator: CoordinatorNode!
    private(set) var workers: [Worker] = []
    private var mailbox: Mailbox<CoordinatorEvent>!
    private var launches: [RunID] = []
    private var started = 0
    private let start = ContinuousClock.now

    init(_ definition: RunDefinition, workers count: Int) throws {
        self.definition = definition
        store = try MemoryStore(definition) { [unowned self] in mailbox }
        try launch(workersWanted: count)
        for _ in 0..<count { try join() }
    }

    deinit {
        for worker in workers { worker.replica.send(.end) }
    }

    private func now() -> Duration { ContinuousClock.now - start }

    /// Starts a coordinator, the first one or one in the place of another that was killed.
    func launch(workersWanted: Int = 1) throws {
        let switchboard = network.switchboard(named: "coordinator \(launches.count)")
        let (hub, _) = try switchboard.bind(Self.endpoint)
        let run = RunID.random()
        mailbox = Mailbox(waker: switchboard.waker)
        coordinator = CoordinatorNode(
            settings: CoordinatorMachine.Settings(
                run: run, knownRuns: launches, version: "1", recipe: definition.recipe.yaml,
                schedule: definition.schedule, workersWanted: workersWanted, timeout: Self.timeout,
                dataFingerprint: definition.dataFingerprint,
                resume: store.newest.map { CoordinatorMachine.Resume(step: $0.step, phase: $0.phase) },
                plan: store.plan, recordedStep: store.steps.last?.step ?? 0),
            network: "test", switchboard: switchboard, hub: hub, store: store, events: mailbox,
            now: { [unowned self] in now() })
        launches.append(run)
    }

    func join(threads: Int = 1) throws {
        started += 1
        let name = "worker \(started)"
        let switchboard = network.switchboard(named: name)
        let (hub, endpoint) = try switchboard.bind("ipc:///cluster/\(started)")
        let outputs = Mailbox<ReplicaOutput>(waker: switchboard.waker)
        let replica = ReplicaThread(threads: threads, outputs: outputs)
        var hello = WireHello()
        hello.version = "1"
        hello.dataEndpoint = endpoint
        hello.threads = UInt32(threads)
        hello.instructionLevel = Engine.offeredInstructionLevel
        hello.process = UInt32(started)
        let node = try WorkerNode(
            settings: WorkerNode.Settings(join: Self.endpoint, timeout: Self.timeout),
            switchboard: switchboard, dataHub: hub, replica: replica, outputs: outputs, hello: hello,
            incarnation: [UInt8(started)], now: { [unowned self] in now() })
        try node.start()
        workers.append(Worker(name: name, node: node, replica: replica))
    }

    func kill(_ index: Int) {
        let worker = workers.remove(at: index)
        network.crash(worker.name)
        worker.replica.send(.end)
    }

    func killCoordinator() {
        network.crash("coordinator \(launches.count - 1)")
        coordinator = nil
    }

    /// Polls everybody until `condition` holds; workers that have ended are left alone.
    func run(until condition: () -> Bool) throws {
        while !condition() {
            if let coordinator, coordinator.outcome == nil { try coordinator.turn(wait: .zero) }
            for worker in workers where worker.node.outcome == nil {
                try worker.node.turn(wait: .microseconds(500))
            }
        }
    }

    func run(turns: Int) throws {
        var left = turns
        try run {
            left -= 1
            return left < 0
        }
    }

    func run(toStep step: Int) throws {
        try run { store.steps.last?.step ?? 0 >= step || coordinator?.outcome != nil }
    }

    /// - Returns: how the run ended.
    func finish() throws -> RunOutcome {
        try run { coordinator.outcome != nil }
        try run { workers.allSatisfy { $0.node.outcome != nil } }
        return coordinator.outcome!
    }
}
