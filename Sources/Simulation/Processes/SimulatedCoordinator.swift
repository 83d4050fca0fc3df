import ClusterCore
import Training
import Transport

final class SimulatedCoordinator: SimulatedProcess {
    let node: CoordinatorNode
    let store: SimulatedStore
    private var highestGeneration: UInt64 = 0
    var onFinish: (RunOutcome) -> Void = { _ in }

    /// A launch: the first one of a run, or one that goes on with what the disk has.
    init(
        _ witness: Witness, _ board: VirtualSwitchboard, endpoint: String, _ disk: SimulatedDisk,
        settings: CoordinatorMachine.Settings
    ) throws {
        let events = Mailbox<CoordinatorEvent>(waker: board.waker)
        store = SimulatedStore(witness, disk, events: events)
        let hub = try board.bind(endpoint).hub
        let start = witness.time.now
        node = CoordinatorNode(
            settings: settings, network: "simulated", switchboard: board, hub: hub, store: store,
            events: events, now: { [time = witness.time] in time.now - start })
        super.init(witness, board)
        wake()
    }

    override func turn() throws { try node.turn(wait: .zero) }

    override func afterTurn() {
        let generation = node.machine.generation
        if generation < highestGeneration {
            witness.violate("the coordinator went back from generation \(highestGeneration) to \(generation)")
        }
        highestGeneration = generation
        guard let outcome = node.outcome else { return }
        witness.note("the run ends: \(outcome)")
        exit()
        onFinish(outcome)
    }

    override func end() {
        super.end()
        store.isAlive = false
    }
}
