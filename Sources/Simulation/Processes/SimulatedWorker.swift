import ClusterCore
import Foundation
import Training
import Transport

final class SimulatedWorker: SimulatedProcess {
    let process: UInt32
    let replica: SimulatedReplica
    private(set) var node: WorkerNode!
    /// Of the launch and the membership that it is in.
    private var highest: (run: RunID?, number: UInt32, generation: UInt64) = (nil, 0, 0)
    /// Told when the process ends of its own accord.
    var onExit: (WorkerOutcome) -> Void = { _ in }
    /// Launches that had been told to stop when it began; any later one may end it.
    var launchesStoppedBefore = 0
    /// Whether SIGTERM was sent to it.
    private(set) var isLeaving = false

    init(
        _ witness: Witness, _ board: VirtualSwitchboard, endpoint: String, process: UInt32,
        incarnation: [UInt8], slowness: Double, settings: WorkerNode.Settings
    ) throws {
        self.process = process
        let outputs = Mailbox<ReplicaOutput>(waker: board.waker)
        replica = SimulatedReplica(witness, name: board.name, outputs: outputs)
        replica.slowness = slowness
        super.init(witness, board)
        let (hub, resolved) = try board.bind(endpoint)
        var hello = WireHello()
        hello.version = "simulated"
        hello.dataEndpoint = resolved
        hello.threads = 1
        hello.instructionLevel = "avx2"
        hello.host = board.name
        hello.process = process
        node = try WorkerNode(
            settings: settings, switchboard: board, dataHub: hub, replica: replica, outputs: outputs,
            hello: hello, incarnation: incarnation,
            now: { [time = witness.time] in time.now })
        node.tellPeople = { text in witness.note(text) }
        try node.start()
        wake()
    }

    override var isStopped: Bool {
        didSet { replica.isStopped = isStopped }
    }

    override func turn() throws { try node.turn(wait: .zero) }

    override func afterTurn() {
        let machine = node.machine
        if machine.run == highest.run, machine.number == highest.number,
            machine.generation < highest.generation
        {
            witness.violate(
                "\(name) went back from generation \(highest.generation) to \(machine.generation)")
        }
        highest = (machine.run, machine.number, machine.generation)
        guard let outcome = node.outcome else { return }
        witness.note("\(name) ends: \(outcome)")
        exit()
        onExit(outcome)
    }

    override func end() {
        super.end()
        replica.isEnded = true
    }

    func leave() throws {
        isLeaving = true
        witness.note("\(name) is told to leave")
        try node.leave(reason: "terminated")
        wake()
    }
}
