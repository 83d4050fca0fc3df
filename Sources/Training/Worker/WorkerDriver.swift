public import ClusterCore
import Collective
import Foundation
import Glibc
import TensorCore
import Transport

/// A worker process: feeds its machine with messages, results and time, and carries out its directives. The
/// calling thread owns the sockets; a replica thread does the work.
public final class WorkerDriver {
    /// Data messages of a step that has not begun here: at most so many bytes are kept.
    static let earlyBytesMax = 1 << 30
    /// How long a worker that cannot go on waits to be told to stop.
    private static let stopPatience = Duration.seconds(3)

    let options: WorkerOptions
    let switchboard: any Switchboard
    let outputs: Mailbox<ReplicaThread.Output>
    let replica: ReplicaThread
    var machine: WorkerMachine
    var outcome: WorkerOutcome?
    var reduction: Reduction?
    /// Of the present phase: elements of the reduced vector, shards of a step.
    var shape = (elements: 0, shards: 0)
    var work: StepWork?
    var peers: [UInt32: LinkID] = [:]
    var sender = PeerSender()
    var stateSender = StateSender()
    var early: [(header: BlockHeader, payload: Frame)] = []
    private var earlyBytes = 0
    private let incarnation: [UInt8]
    private let control: LinkID
    private let dataHub: HubID
    private let dataEndpoint: String
    private let socketFolder: String?
    private var hasLostCoordinator = false
    private var hasHeardStop = false
    private let start = ContinuousClock.now

    /// Opens the sockets.
    /// - Throws: `TransportError`.
    public init(_ options: WorkerOptions) throws {
        self.options = options
        let switchboard = try ZeroMQSwitchboard()
        self.switchboard = switchboard
        outputs = Mailbox(waker: switchboard.waker)
        replica = ReplicaThread(threads: options.threads, outputs: outputs)
        machine = WorkerMachine(timeout: options.timeout, coordinator: "the coordinator at \(options.join)")
        var random = SystemRandomNumberGenerator()
        incarnation = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        let address = try DataAddress(joining: options.join)
        socketFolder = address.socketFolder
        (dataHub, dataEndpoint) = try switchboard.bind(address.endpoint)
        control = try switchboard.connect(options.join, identity: incarnation)
    }

    /// Works until the coordinator says stop, a signal comes, or something fails; bounded by the timeout.
    public func run() throws -> WorkerOutcome {
        StopSignals.install(ignoringInterrupt: options.isLocal)
        defer { cleanUp() }
        let parent = options.isLocal ? ParentWatch() : nil
        try tell(.started(hello()))
        var signalsSeen = 0
        while outcome == nil {
            for event in try switchboard.poll(timeout: .milliseconds(100)) { try receive(event) }
            for output in outputs.drain() { try take(output) }
            if StopSignals.count > signalsSeen {
                signalsSeen = StopSignals.count
                try tell(.leaveRequested(reason: StopSignals.lastName))
            }
            if parent?.isGone ?? false { try loseCoordinator() }
            try tell(.tick)
            try sender.flush(switchboard)
            try stateSender.pump(switchboard) { control(.stateChunk($0)) }
        }
        return outcome!
    }

    private func hello() -> WireHello {
        var hello = WireHello()
        hello.version = options.version
        hello.dataEndpoint = dataEndpoint
        hello.threads = UInt32(options.threads)
        hello.instructionLevel = Engine.offeredInstructionLevel
        hello.denseAlgebra = Engine.denseAlgebraCore
        hello.host = ProcessInfo.processInfo.hostName
        hello.process = UInt32(ProcessInfo.processInfo.processIdentifier)
        return hello
    }

    private func cleanUp() {
        replica.send(.end)
        if case .failed = outcome, !hasLostCoordinator { awaitStop() }
        switchboard.close(flush: .seconds(1))
        // A coordinator that was killed left the folder that it made for its own sockets and its children's.
        if options.isLocal, hasLostCoordinator, let socketFolder {
            try? FileManager.default.removeItem(atPath: socketFolder)
        }
    }

    /// The coordinator answers the news of a failure by telling everybody to stop. If this side hung up
    /// first, with messages unread, TCP would reset the connection, and the coordinator might never read why.
    private func awaitStop() {
        let deadline = ContinuousClock.now + Self.stopPatience
        while machine.run != nil, !hasHeardStop, ContinuousClock.now < deadline {
            guard let events = try? switchboard.poll(timeout: .milliseconds(100)) else { return }
            for event in events {
                switch event {
                case .message(.link(control), let frames): noteStop(frames)
                case .disconnected(.link(control)): return
                default: break
                }
            }
        }
    }

    private func noteStop(_ frames: [Frame]) {
        guard let first = frames.first, let message = try? ControlMessage(decoding: first.bytes) else {
            return
        }
        noteStop(message)
    }

    private func noteStop(_ message: ControlMessage) {
        if case .stop = message.body, message.run == machine.run { hasHeardStop = true }
    }

    private func loseCoordinator() throws {
        hasLostCoordinator = machine.isFinished ? hasLostCoordinator : true
        try tell(.coordinatorLost)
    }

    func tell(_ event: WorkerEvent) throws {
        for directive in machine.handle(event, at: ContinuousClock.now - start) { try perform(directive) }
    }

    func control(_ body: ControlMessage.Body) -> ControlMessage {
        ControlMessage(run: machine.run, generation: machine.generation, body: body)
    }

    func send(_ message: ControlMessage) throws {
        try switchboard.send([Frame(message.encoded())], to: .link(control))
    }

    func streamState(_ snapshot: StateSnapshot) {
        stateSender.add(snapshot, to: .link(control))
    }

    // MARK: Receiving

    private func receive(_ event: TransportEvent) throws {
        switch event {
        case .message(.link(control), let frames):
            try receiveControl(frames)
        case .message(let remote, let frames):
            try receiveData(frames, from: remote)
        case .disconnected(.link(control)):
            if machine.run != nil { try loseCoordinator() }
        case .disconnected(.link(let link)):
            if let peer = peers.first(where: { $0.value == link }) { try tell(.peerLost(peer.key)) }
        case .disconnected, .connected, .refused, .woken:
            break
        }
    }

    private func receiveControl(_ frames: [Frame]) throws {
        guard let first = frames.first, let message = try? ControlMessage(decoding: first.bytes) else {
            return try tell(.failed(reason: "the coordinator sent something that is no control message"))
        }
        noteStop(message)
        if case .stateChunk(let chunk) = message.body {
            guard message.run == machine.run, frames.count == 2 else { return }
            replica.send(.chunk(chunk, frames[1]))
        }
        try tell(.message(message))
    }

    private func receiveData(_ frames: [Frame], from remote: Remote) throws {
        guard frames.count == 2 else { return }
        let header: BlockHeader
        do {
            header = try frames[0].withUnsafeBytes { bytes throws(CollectiveError) in
                try BlockHeader(decoding: bytes)
            }
        } catch {
            return note("dropped a data message from \(remote): \(error)")
        }
        guard header.run == machine.run?.bytes else { return }
        switch machine.placing(
            generation: header.generation, step: Int(clamping: header.step), attempt: header.attempt)
        {
        case .stale: return
        case .early: try keep(header, frames[1])
        case .current: try reduce(header, frames[1])
        }
    }

    private func keep(_ header: BlockHeader, _ payload: Frame) throws {
        earlyBytes += payload.count
        guard earlyBytes <= Self.earlyBytesMax else {
            return try tell(
                .failed(reason: "peers sent over \(Self.earlyBytesMax >> 20) MiB ahead of the coordinator"))
        }
        early.append((header, payload))
    }

    /// What came early and is current now.
    func replayEarly() throws {
        let kept = early
        (early, earlyBytes) = ([], 0)
        for (header, payload) in kept {
            switch machine.placing(
                generation: header.generation, step: Int(clamping: header.step), attempt: header.attempt)
            {
            case .stale: continue
            case .early: try keep(header, payload)
            case .current: try reduce(header, payload)
            }
        }
    }

    private func reduce(_ header: BlockHeader, _ payload: Frame) throws {
        guard let reduction else { return }
        do {
            try sendOut(reduction.receive(header, payload))
        } catch let error as CollectiveError {
            return try tell(.failed(reason: "a peer's data message is damaged: \(error)"))
        }
        try checkGathered()
    }

    func sendOut(_ outgoing: [Reduction.Outgoing]) throws {
        for message in outgoing {
            for worker in message.workers {
                guard let link = peers[worker] else { continue }
                try sender.send(message.frames, to: .link(link), switchboard)
            }
        }
    }

    func checkGathered() throws {
        guard let reduction, reduction.isComplete else { return }
        try tell(.gathered(step: reduction.context.step, attempt: reduction.context.attempt))
    }

    func connect(_ members: [WireMember]) throws {
        for link in peers.values { switchboard.close(link, flush: .zero) }
        peers = [:]
        sender.drop()
        reduction = nil
        for member in members where member.worker != machine.number {
            peers[member.worker] = try switchboard.connect(member.dataEndpoint, identity: incarnation)
        }
    }

    func note(_ text: String) {
        FileHandle.standardError.write(Data("worker \(machine.number): \(text)\n".utf8))
    }
}
