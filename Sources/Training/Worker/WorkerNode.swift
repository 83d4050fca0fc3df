package import ClusterCore
import Collective
import Foundation
package import Transport

/// A worker without its process: feeds its machine with messages, results and time, and carries out its
/// directives. It owns the sockets; a replica behind a port does the work. Beside the switchboard it does no
/// I/O, so that a simulation can run it.
package final class WorkerNode {
    package struct Settings: Sendable {
        /// The coordinator's control endpoint.
        package var join: String
        /// A coordinator unheard of for so long is gone.
        package var timeout: Duration
        /// How long to knock at a coordinator that is gone.
        package var patience: Duration
        /// How long to stay at most after being told to leave.
        package var grace: Duration
        package var coding: WireCoding

        package init(
            join: String, timeout: Duration, patience: Duration = .seconds(600),
            grace: Duration = .seconds(30), coding: WireCoding = .auto
        ) {
            self.join = join
            self.timeout = timeout
            self.patience = patience
            self.grace = grace
            self.coding = coding
        }
    }

    /// Data messages of a step that has not begun here: at most so many bytes are kept.
    static let earlyBytesMax = 1 << 30

    package internal(set) var machine: WorkerMachine
    package internal(set) var outcome: WorkerOutcome?
    /// Whether the coordinator has said that this worker's part is over.
    private var hasHeardStop = false
    let settings: Settings
    let switchboard: any Switchboard
    let dataHub: HubID
    let replica: any ReplicaPort
    let outputs: Mailbox<ReplicaOutput>
    let incarnation: [UInt8]
    let hello: WireHello
    private let now: () -> Duration
    private(set) var control: LinkID
    /// Where remarks go.
    package var tellPeople: (String) -> Void = { FileHandle.standardError.write(Data("\($0)\n".utf8)) }
    private var events: [WorkerEvent] = []
    private var isTelling = false

    /// Of the present phase: elements of the reduced vector, shards of a step.
    var shape = (elements: 0, shards: 0)
    var reduction: Reduction?
    /// The vector of the step that was gathered last.
    var gathered: GatheredSums?
    var peers = PeerLinks()
    var sender = PeerSender()
    var stateSender = StateSender()
    var feedSender = FeedSender()
    var feedReceiver = FeedReceiver()
    var early = EarlyBlocks()
    /// Whose messages came damaged before this worker knew that they are members.
    var damagedEarly: Set<[UInt8]> = []

    /// Opens the control connection.
    /// - Parameters:
    ///   - dataHub: where peers' messages come; its endpoint is in `hello`.
    ///   - incarnation: the identity on all sockets, never used before.
    ///   - now: the time since any moment.
    /// - Throws: `TransportError`.
    package init(
        settings: Settings, switchboard: any Switchboard, dataHub: HubID, replica: any ReplicaPort,
        outputs: Mailbox<ReplicaOutput>, hello: WireHello, incarnation: [UInt8],
        now: @escaping () -> Duration
    ) throws {
        self.settings = settings
        self.switchboard = switchboard
        self.dataHub = dataHub
        self.replica = replica
        self.outputs = outputs
        self.hello = hello
        self.incarnation = incarnation
        self.now = now
        machine = WorkerMachine(
            WorkerMachine.Settings(
                timeout: settings.timeout, patience: settings.patience, grace: settings.grace,
                coordinator: "the coordinator at \(settings.join)"))
        control = try switchboard.connect(settings.join, identity: incarnation)
    }

    package func start() throws {
        try tell(.started(hello))
    }

    /// Waits up to `wait` for something to happen, and does what follows.
    package func turn(wait: Duration) throws {
        for event in try switchboard.poll(timeout: wait) { try receive(event) }
        for output in outputs.drain() { try take(output) }
        try checkGathered()
        try tell(.tick)
        try sender.flush(switchboard)
        try stateSender.pump(switchboard) { envelope(.stateChunk($0)) }
        try feedSender.pump(switchboard, envelope: envelope)
    }

    /// The worker is told to leave: it does so as soon as the run can do without it.
    package func leave(reason: String) throws {
        try tell(.leaveRequested(reason: reason))
    }

    /// Ends it at once.
    func end(_ outcome: WorkerOutcome) {
        self.outcome = outcome
    }

    /// The coordinator answers the news of a failure. If this side hung up first, with messages unread, TCP
    /// would reset the connection, and the coordinator might never read why.
    func awaitStop(patience: Duration) {
        let deadline = now() + patience
        while machine.run != nil, !hasHeardStop, now() < deadline {
            guard let events = try? switchboard.poll(timeout: .milliseconds(100)) else { return }
            for event in events {
                switch event {
                case .message(.link(control), let frames):
                    let message = frames.first.flatMap { try? ControlMessage(decoding: $0.bytes) }
                    if case .dropped = message?.body { return }
                    if let message { noteStop(message) }
                case .disconnected(.link(control)): return
                default: break
                }
            }
        }
    }

    private func noteStop(_ message: ControlMessage) {
        if case .stop = message.body, message.run == machine.run { hasHeardStop = true }
    }

    /// Events that come of an event's directives wait until all of these are carried out.
    func tell(_ event: WorkerEvent) throws {
        events.append(event)
        guard !isTelling else { return }
        isTelling = true
        defer { isTelling = false }
        while !events.isEmpty {
            for directive in machine.handle(events.removeFirst(), at: now()) { try perform(directive) }
        }
    }

    func envelope(_ body: ControlMessage.Body) -> ControlMessage {
        ControlMessage(run: machine.run, generation: machine.generation, body: body)
    }

    func send(_ message: ControlMessage) throws {
        do {
            try switchboard.send([Frame(message.encoded())], to: .link(control))
        } catch .congested {
            // A coordinator that takes nothing for so long is as good as gone.
            try reopenControl()
        }
    }

    // MARK: Receiving

    private func receive(_ event: TransportEvent) throws {
        switch event {
        case .message(.link(control), let frames): try receiveControl(frames)
        case .message(.peer(dataHub, let identity), let frames): try receiveData(frames, from: identity)
        case .refused(.peer(dataHub, let identity), let reason): try damaged(identity, reason)
        case .refused(.link(control), _): try reopenControl()
        case .connected(.link(control)): try tell(.coordinatorConnected)
        case .disconnected(.link(control)): try loseCoordinator()
        case .connected(.link(let link)):
            peers.note(link, isConnected: true)
            if let worker = peers.worker(on: link) { try tell(.peerConnected(worker)) }
        case .disconnected(.link(let link)):
            peers.note(link, isConnected: false)
            if let worker = peers.worker(on: link) { try tell(.peerDisconnected(worker)) }
            if let feed = feedSender.number(of: link) { try endFeed(feed, "the connection broke") }
        case .message, .refused, .connected, .disconnected, .woken: break
        }
    }

    private func loseCoordinator() throws {
        stateSender.drop()
        try tell(.coordinatorLost)
    }

    /// A message of the coordinator was lost, which must not go unnoticed: a new connection, a new beginning.
    private func reopenControl() throws {
        switchboard.close(control, flush: .zero)
        control = try switchboard.connect(settings.join, identity: incarnation)
        try loseCoordinator()
    }

    private func receiveControl(_ frames: [Frame]) throws {
        guard let first = frames.first else { return }
        let message: ControlMessage
        do throws(ControlMessageError) {
            message = try ControlMessage(decoding: first.bytes)
        } catch .otherProtocol(let version) {
            return try tell(
                .failed(reason: "\(ControlMessageError.otherProtocol(version))", everywhere: false))
        } catch {
            note("the coordinator sent something that is no control message: \(error)")
            return try reopenControl()
        }
        noteStop(message)
        if case .stateChunk(let chunk) = message.body, message.run == machine.run, chunk.feed == 0,
            frames.count == 2
        {
            replica.send(.chunk(chunk, frames[1]))
        }
        try tell(.message(message))
    }

    func note(_ text: String) {
        tellPeople("worker \(machine.number): \(text)")
    }
}
