import CZeroMQ

/// Watches the connections of one socket by `zmq_socket_monitor`.
final class SocketMonitor {
    enum Event: Equatable {
        /// A hub took a connection, which has this descriptor.
        case accepted(Int32)
        /// The greeting is done: messages can flow.
        case ready
        /// The connection with this descriptor broke, before or after the greeting.
        case disconnected(Int32)
        /// A connection could not be made.
        case failed
    }

    private let watched: Socket
    private let socket: Socket
    let descriptor: Int32

    /// - Parameter name: differs from that of every other monitor of this context.
    init(_ watched: Socket, context: Context, name: String) throws(TransportError) {
        self.watched = watched
        let endpoint = "inproc://monitor-\(name)"
        let events =
            ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED
        try check("zmq_socket_monitor") { zmq_socket_monitor(watched.handle, endpoint, events) }
        do {
            let socket = try Socket(context, type: ZMQ_PAIR)
            // No bound: else libzmq's I/O thread would wait for us to read the events.
            try socket.set(ZMQ_RCVHWM, Int32(0))
            try check("zmq_connect") { zmq_connect(socket.handle, endpoint) }
            descriptor = try socket.descriptor()
            self.socket = socket
        } catch {
            zmq_socket_monitor(watched.handle, nil, 0)
            throw error
        }
    }

    deinit {
        zmq_socket_monitor(watched.handle, nil, 0)
    }

    /// The next event, or nil when nothing more has happened.
    func next() throws(TransportError) -> Event? {
        while let message = try socket.receive(framesMax: 2) {
            if let event = message.frames[0].withBytes(Self.parse) { return event }
        }
        return nil
    }

    /// The first frame of an event: its number in 16 bits, its value in 32, both in the machine's byte order.
    private static func parse(_ bytes: UnsafeRawBufferPointer) -> Event? {
        guard bytes.count >= 6 else { return nil }
        let value = bytes.loadUnaligned(fromByteOffset: 2, as: Int32.self)
        switch Int32(bytes.loadUnaligned(as: UInt16.self)) {
        case ZMQ_EVENT_ACCEPTED: return .accepted(value)
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return .ready
        case ZMQ_EVENT_DISCONNECTED: return .disconnected(value)
        case ZMQ_EVENT_CLOSED: return .failed
        default: return nil
        }
    }
}
