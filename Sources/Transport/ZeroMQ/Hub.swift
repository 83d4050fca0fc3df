import CZeroMQ
import Glibc

/// A ROUTER socket that links connect to. It talks only to peers it has heard from, and refuses instead of
/// dropping (`ZMQ_ROUTER_MANDATORY`).
final class Hub {
    let id: HubID
    let endpoint: String
    let descriptors: [Int32]
    private let limits: TransportLimits
    private let monitor: SocketMonitor
    private let socket: Socket
    private var book = PeerBook()
    /// Descriptors of broken connections, and peers that libzmq could not reach: gone once all that came is
    /// read.
    private var broken: [Int32] = []
    private var suspects: [RoutingID] = []
    private var outboxes: [[UInt8]: Outbox] = [:]

    init(_ id: HubID, endpoint: String, limits: TransportLimits, context: Context) throws(TransportError) {
        self.id = id
        self.limits = limits
        try Endpoint.validate(endpoint)
        try Endpoint.refuseIfTaken(endpoint)
        socket = try Socket(context, type: ZMQ_ROUTER)
        try socket.apply(limits)
        try socket.set(ZMQ_ROUTER_MANDATORY, Int32(1))
        monitor = try SocketMonitor(socket, context: context, name: "hub-\(id.number)")
        do {
            let handle = socket.handle
            try check("zmq_bind") { zmq_bind(handle, endpoint) }
        } catch {
            throw Endpoint.explain(error, endpoint)
        }
        self.endpoint = try socket.lastEndpoint()
        descriptors = [try socket.descriptor(), monitor.descriptor]
    }

    deinit {
        // libzmq leaves the file. The socket still listens, so nobody else can have taken the path meanwhile.
        if let path = Endpoint.path(endpoint) { unlink(path) }
    }

    /// Whether something waits for a peer that took nothing when last asked.
    var isBlocked: Bool { !outboxes.isEmpty }

    func queuedBytes(to identity: [UInt8]) -> Int { outboxes[identity]?.bytes ?? 0 }

    func send(_ frames: [Frame], to identity: [UInt8]) throws(TransportError) {
        let remote = Remote.peer(id, identity: identity)
        guard let serial = book.serials[identity] else { throw .unreachable(remote) }
        var outbox = outboxes[identity] ?? Outbox()
        if outbox.isEmpty {
            switch try transmit(frames, to: RoutingID(identity: identity, serial: serial)) {
            case .sent: return
            case .unreachable: throw .unreachable(remote)
            case .full: break
            }
        }
        guard outbox.append(frames, bytesMax: limits.queuedBytesMax) else {
            throw .congested(remote, queuedBytes: outbox.bytes, queuedBytesMax: limits.queuedBytesMax)
        }
        outboxes[identity] = outbox
    }

    /// Sends and receives what can be without waiting: at most `budget` messages in.
    func turn(_ events: inout [TransportEvent], budget: Int) throws(TransportError) {
        try readMonitor()
        try flush()
        for _ in 0..<budget {
            guard let message = try socket.receive(framesMax: limits.framesMax + 1) else {
                // Whatever came before the breaks is out.
                closeBroken(&events)
                return
            }
            try take(message.frames, frameCount: message.frameCount - 1, &events)
        }
    }

    /// Lets libzmq go on sending for this long after the socket is closed.
    func linger(milliseconds: Int32) throws(TransportError) {
        try socket.set(ZMQ_LINGER, milliseconds)
    }

    private enum Outcome { case sent, full, unreachable }

    private func transmit(_ frames: [Frame], to routing: RoutingID) throws(TransportError) -> Outcome {
        do {
            return try socket.send(frames, to: Frame(routing.bytes)) ? .sent : .full
        } catch {
            guard case .system(_, EHOSTUNREACH, _) = error else { throw error }
            suspects.append(routing)
            return .unreachable
        }
    }

    private func flush() throws(TransportError) {
        for identity in Array(outboxes.keys) {
            guard let serial = book.serials[identity] else { continue }
            let routing = RoutingID(identity: identity, serial: serial)
            var outcome = Outcome.sent
            while outcome == .sent, let frames = outboxes[identity]?.first {
                outcome = try transmit(frames, to: routing)
                if outcome == .sent { outboxes[identity]?.removeFirst() }
            }
            if outcome == .unreachable || outboxes[identity]?.isEmpty == true { outboxes[identity] = nil }
        }
    }

    private func take(
        _ frames: [FrameStorage], frameCount: Int, _ events: inout [TransportEvent]
    ) throws(TransportError) {
        guard let routing = frames[0].withBytes(RoutingID.init),
            let descriptor = frames.last?.sourceDescriptor
        else {
            let stranger = Remote.peer(id, identity: frames[0].withBytes { Array($0) })
            events.append(
                .refused(from: stranger, reason: "the sender does not give an identity as links do"))
            return
        }
        let remote = Remote.peer(id, identity: routing.identity)
        // A new peer's connection must have been noted before its first message is.
        if book.serials[routing.identity] != routing.serial { try readMonitor() }
        switch book.heard(routing, on: descriptor) {
        case .known: break
        case .stale: return
        case .new: events.append(.connected(remote))
        case .replaced:
            lose(routing.identity, &events)
            events.append(.connected(remote))
        }
        if frameCount > limits.framesMax {
            let reason = "a message of \(frameCount) frames; at most \(limits.framesMax) are allowed"
            events.append(.refused(from: remote, reason: reason))
        } else {
            events.append(.message(from: remote, frames: frames.dropFirst().map(Frame.init(storage:))))
        }
    }

    private func readMonitor() throws(TransportError) {
        while let event = try monitor.next() {
            switch event {
            case .accepted(let descriptor): book.accepted(descriptor)
            case .disconnected(let descriptor): broken.append(descriptor)
            case .ready, .failed: break
            }
        }
    }

    private func closeBroken(_ events: inout [TransportEvent]) {
        for descriptor in broken {
            for identity in book.disconnected(descriptor) { lose(identity, &events) }
        }
        for routing in suspects where book.forget(routing) { lose(routing.identity, &events) }
        broken.removeAll()
        suspects.removeAll()
    }

    private func lose(_ identity: [UInt8], _ events: inout [TransportEvent]) {
        outboxes[identity] = nil
        events.append(.disconnected(.peer(id, identity: identity)))
    }
}
