package import ClusterCore
import Foundation
package import Transport

/// A coordinator without its process: feeds its machine with messages, events and time, and carries out its
/// directives. Sockets and disk are behind ports, so that a simulation can run it.
package final class CoordinatorNode {
    package private(set) var machine: CoordinatorMachine
    package private(set) var outcome: RunOutcome?
    private let network: String
    private let switchboard: any Switchboard
    private let hub: HubID
    private let store: any RunStore
    private let mailbox: Mailbox<CoordinatorEvent>
    private let hangUpDelay: Duration
    private let now: () -> Duration
    private var events: [CoordinatorEvent] = []
    private var isTelling = false
    private var stateSender = StateSender()
    /// The checkpoint that arrives: of which step, and from which peer.
    private var saving: (step: Int, peer: [UInt8])?
    /// Peers that have a connection, and those that had one and when that is to be told.
    private var connected: Set<[UInt8]> = []
    private var hungUp: [(peer: [UInt8], due: Duration)] = []

    /// - Parameters:
    ///   - network: the network's name, for status.
    ///   - hub: where workers' control messages come.
    ///   - events: what happens elsewhere: checkpoints, processes.
    ///   - hangUpDelay: how long the end of a process may be told after that of its connection, which says
    ///     less.
    ///   - now: the time since any moment.
    package init(
        settings: CoordinatorMachine.Settings, network: String, switchboard: any Switchboard, hub: HubID,
        store: any RunStore, events: Mailbox<CoordinatorEvent>, hangUpDelay: Duration = .zero,
        now: @escaping () -> Duration
    ) {
        machine = CoordinatorMachine(settings)
        self.network = network
        self.switchboard = switchboard
        self.hub = hub
        self.store = store
        mailbox = events
        self.hangUpDelay = hangUpDelay
        self.now = now
    }

    /// Waits up to `wait` for something to happen, and does what follows.
    package func turn(wait: Duration) throws {
        for event in try switchboard.poll(timeout: wait) { try receive(event) }
        for event in mailbox.drain() { try tell(event) }
        try tellHangUps()
        try tell(.tick)
        try stateSender.pump(switchboard) { machine.envelope(.stateChunk($0)) }
    }

    /// Events that come of an event's directives wait until all of these are carried out.
    package func tell(_ event: CoordinatorEvent) throws {
        events.append(event)
        guard !isTelling else { return }
        isTelling = true
        defer { isTelling = false }
        while !events.isEmpty {
            for directive in machine.handle(events.removeFirst(), at: now()) { try perform(directive) }
        }
    }

    /// Workers hang up when they have read that they are to stop. If this side did first, with messages of
    /// theirs unread, TCP would reset the connection, and the worker's system might throw the stop message
    /// away.
    package func awaitHangUps(patience: Duration) {
        let workers = Set(machine.workers.values.map(\.incarnation))
        let deadline = now() + patience
        while !connected.isDisjoint(with: workers), now() < deadline {
            guard let events = try? switchboard.poll(timeout: .milliseconds(100)) else { return }
            for event in events { note(connection: event) }
        }
    }

    // MARK: Receiving

    private func receive(_ event: TransportEvent) throws {
        note(connection: event)
        switch event {
        case .message(.peer(hub, let peer), let frames): try receive(frames, from: peer)
        case .refused(.peer(hub, let peer), let reason): try damaged(peer, reason)
        case .disconnected(.peer(hub, let peer)):
            stateSender.drop(.peer(hub, identity: peer))
            hungUp.append((peer, now() + hangUpDelay))
        case .message, .refused, .connected, .disconnected, .woken: break
        }
    }

    private func note(connection event: TransportEvent) {
        switch event {
        case .connected(.peer(hub, let peer)): connected.insert(peer)
        case .disconnected(.peer(hub, let peer)): connected.remove(peer)
        default: break
        }
    }

    private func tellHangUps() throws {
        let due = hungUp.filter { $0.due <= now() }
        guard !due.isEmpty else { return }
        hungUp.removeAll { $0.due <= now() }
        for (peer, _) in due { try tell(.workerDisconnected(incarnation: peer)) }
    }

    private func receive(_ frames: [Frame], from peer: [UInt8]) throws {
        guard let first = frames.first else { return }
        let message: ControlMessage
        do throws(ControlMessageError) {
            message = try ControlMessage(decoding: first.bytes)
        } catch {
            return try damaged(peer, "\(error)")
        }
        // Who speaks on a new connection has lost what was sent on the old one: that is told first.
        if hungUp.contains(where: { $0.peer == peer }) {
            hungUp.removeAll { $0.peer == peer }
            try tell(.workerDisconnected(incarnation: peer))
        }
        switch message.body {
        case .stateChunk(let chunk):
            guard let saving, saving.peer == peer, chunk.step == UInt64(saving.step), chunk.feed == 0,
                frames.count == 2, message.run == machine.settings.run
            else { return }
            store.append(chunk, frames[1])
        case .statusRequest:
            var reply = WireStatusReply()
            reply.json = machine.status(of: network).json
            let frame = Frame(machine.envelope(.statusReply(reply)).encoded())
            try? switchboard.send([frame], to: .peer(hub, identity: peer))
        default:
            try tell(.message(message, sender: peer))
        }
    }

    /// A worker whose message was lost may be waited for in vain: it starts over. Strangers do not matter.
    private func damaged(_ peer: [UInt8], _ problem: String) throws {
        store.note("dropped a message from \(Remote.peer(hub, identity: peer)): \(problem)")
        try tell(.workerDisconnected(incarnation: peer))
    }

    // MARK: Directives

    private func perform(_ directive: CoordinatorDirective) throws {
        do {
            try carryOut(directive)
        } catch let error as TransportError where error == .closed {
            throw error
        } catch {
            // Without its ledger or its disk a run cannot go on.
            try tell(.failed(reason: "\(error)"))
        }
    }

    private func carryOut(_ directive: CoordinatorDirective) throws {
        switch directive {
        case .send(let message, let peer): try send(message, to: peer)
        case .continueFrom(let step): try store.continueFrom(step: step)
        case .sendInitialState(let peer): try sendInitialState(to: peer)
        case .record(let step): try store.record(step)
        case .recordDigest(let step, let digest): try store.recordDigest(step: step, digest: digest)
        case .recordEvaluation(let result): try store.record(result)
        case .decidePlan(let step, let vectors):
            let plan = try store.decidePlan(vectors, after: step)
            try tell(plan.map { .planDecided(json: $0) } ?? .searchGoesOn)
        case .receiveCheckpoint(let step, let phase, let peer):
            saving = (step, peer)
            try store.openCheckpoint(
                CheckpointRequest(
                    step: step, phase: phase, instructionLevel: machine.instructionLevel,
                    denseAlgebra: machine.denseAlgebra))
        case .abandonCheckpoint(let step):
            saving = nil
            store.abandonCheckpoint(step: step)
        case .rewind: try tell(.rewound(store.rewind()))
        case .log(let text): store.note(text)
        case .finish(let outcome): self.outcome = outcome
        }
    }

    private func send(_ message: ControlMessage, to peer: [UInt8]) throws {
        do {
            try switchboard.send([Frame(message.encoded())], to: .peer(hub, identity: peer))
        } catch .unreachable {
            // A worker that cannot be reached is found by the end of its connection, or of its process.
        } catch .congested {
            // It takes nothing, or too slowly for a run.
            try tell(.workerDisconnected(incarnation: peer))
        }
    }

    private func sendInitialState(to peer: [UInt8]) throws {
        guard let state = try store.initialState else {
            var head = WireLoadState()
            head.fromSeed = true
            head.phase = machine.phase.rawValue
            if machine.phase == .converge { head.plan = machine.plan?.json ?? "" }
            return try send(machine.envelope(.loadState(head)), to: peer)
        }
        try send(machine.envelope(.loadState(state.head())), to: peer)
        stateSender.add(state, to: .peer(hub, identity: peer))
    }
}
