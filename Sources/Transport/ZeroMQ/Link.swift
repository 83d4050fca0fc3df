import CZeroMQ

/// A DEALER socket to one hub, renewed for each connection.
///
/// libzmq's own reconnecting is put off beyond the socket's life: it would use the same routing id again (see
/// ``RoutingID``) and carry queued messages from one connection into the next. Turning it off by -1, or
/// setting `ZMQ_IMMEDIATE`, would make libzmq throw away what the other side sent just before it hung up.
final class Link {
    /// Six days, in milliseconds; twice that still fits an `int`, which libzmq needs.
    private static let reconnectNever = Int32(1) << 29

    let id: LinkID
    private let endpoint: String
    private let identity: [UInt8]
    private let limits: TransportLimits
    private let context: Context
    private var state: State
    private var delay: Duration
    private var outbox = Outbox()

    /// The socket of one connection, and its monitor.
    private struct Connection {
        let monitor: SocketMonitor
        let socket: Socket
        let descriptors: [Int32]
    }

    private enum State {
        case connecting(Connection, until: ContinuousClock.Instant)
        case ready(Connection)
        /// The connection broke; what came before is still to be read.
        case breaking(Connection)
        case waiting(until: ContinuousClock.Instant)
    }

    init(
        _ id: LinkID, endpoint: String, identity: [UInt8], serial: UInt64, limits: TransportLimits,
        context: Context
    ) throws(TransportError) {
        self.id = id
        self.endpoint = endpoint
        self.identity = identity
        self.limits = limits
        self.context = context
        delay = limits.reconnectDelayMin
        state = .waiting(until: .now)
        try Endpoint.validate(endpoint)
        try TransportLimits.check(identity: identity)
        try open(serial: serial)
    }

    var queuedBytes: Int { outbox.bytes }

    /// Whether something waits that may still be sent.
    var hasQueued: Bool {
        if case .breaking = state { return false }
        return !outbox.isEmpty
    }

    /// Whether something waits that the socket did not take when last asked.
    var isBlocked: Bool {
        if case .ready = state { return !outbox.isEmpty }
        return false
    }

    var descriptors: [Int32] { connection?.descriptors ?? [] }

    /// When ``turn(_:budget:serial:)`` has something to do though nothing happens.
    var timer: ContinuousClock.Instant? {
        switch state {
        case .connecting(_, let until), .waiting(let until): until
        case .ready, .breaking: nil
        }
    }

    func send(_ frames: [Frame]) throws(TransportError) {
        if case .ready(let connection) = state, outbox.isEmpty, try connection.socket.send(frames) { return }
        guard outbox.append(frames, bytesMax: limits.queuedBytesMax) else {
            throw .congested(.link(id), queuedBytes: outbox.bytes, queuedBytesMax: limits.queuedBytesMax)
        }
    }

    /// Connects, sends and receives what can be without waiting: at most `budget` messages in.
    ///
    /// - Parameter serial: makes the serial number of a new connection.
    func turn(
        _ events: inout [TransportEvent], budget: Int, serial: () -> UInt64
    ) throws(TransportError) {
        if let timer, timer <= .now { retry(serial: serial()) }
        guard let connection else { return }
        try readMonitor(connection, &events)
        if case .waiting = state { return }
        if case .ready = state { try flush(connection) }
        for _ in 0..<budget {
            guard let message = try connection.socket.receive(framesMax: limits.framesMax) else {
                if case .breaking = state { lose(&events) }
                return
            }
            // Nothing comes before the greeting is done, so its event must be there.
            if case .connecting = state { try readMonitor(connection, &events) }
            take(message.frames, frameCount: message.frameCount, &events)
        }
    }

    func linger(milliseconds: Int32) throws(TransportError) {
        try connection?.socket.set(ZMQ_LINGER, milliseconds)
    }

    private var connection: Connection? {
        switch state {
        case .connecting(let connection, _), .ready(let connection), .breaking(let connection): connection
        case .waiting: nil
        }
    }

    private func open(serial: UInt64) throws(TransportError) {
        let socket = try Socket(context, type: ZMQ_DEALER)
        try socket.apply(limits)
        try socket.set(ZMQ_RECONNECT_IVL, Self.reconnectNever)
        try socket.set(ZMQ_ROUTING_ID, RoutingID(identity: identity, serial: serial).bytes)
        let monitor = try SocketMonitor(socket, context: context, name: "link-\(id.number)-\(serial)")
        do {
            try check("zmq_connect") { zmq_connect(socket.handle, endpoint) }
        } catch {
            throw Endpoint.explain(error, endpoint)
        }
        let connection = Connection(
            monitor: monitor, socket: socket, descriptors: [try socket.descriptor(), monitor.descriptor])
        state = .connecting(connection, until: .now + limits.connectTimeout + limits.handshakeTimeout)
    }

    /// The time of ``timer`` has come: a connection took too long, or the pause is over.
    private func retry(serial: UInt64) {
        if case .connecting = state { return pause() }
        do {
            try open(serial: serial)
        } catch {
            // Too few descriptors, say. It was possible once, so it may be again.
            pause()
        }
    }

    /// Drops the connection and waits longer each time, with some spread so that many links do not knock at
    /// once.
    private func pause() {
        state = .waiting(until: .now + delay * Double.random(in: 0.75...1.25))
        delay = min(delay * 2, limits.reconnectDelayMax)
    }

    private func lose(_ events: inout [TransportEvent]) {
        outbox.removeAll()
        events.append(.disconnected(.link(id)))
        pause()
    }

    private func readMonitor(_ connection: Connection, _ events: inout [TransportEvent])
        throws(TransportError)
    {
        while let event = try connection.monitor.next() {
            switch (event, state) {
            case (.ready, .connecting):
                state = .ready(connection)
                delay = limits.reconnectDelayMin
                events.append(.connected(.link(id)))
            case (.disconnected, .ready):
                state = .breaking(connection)
            case (.disconnected, .connecting), (.failed, .connecting):
                return pause()
            default:
                break
            }
        }
    }

    private func flush(_ connection: Connection) throws(TransportError) {
        while let frames = outbox.first, try connection.socket.send(frames) { outbox.removeFirst() }
    }

    private func take(_ frames: [FrameStorage], frameCount: Int, _ events: inout [TransportEvent]) {
        if frameCount > limits.framesMax {
            let reason = "a message of \(frameCount) frames; at most \(limits.framesMax) are allowed"
            events.append(.refused(from: .link(id), reason: reason))
        } else {
            events.append(.message(from: .link(id), frames: frames.map(Frame.init(storage:))))
        }
    }
}
