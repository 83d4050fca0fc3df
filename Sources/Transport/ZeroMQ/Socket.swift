import CZeroMQ

/// Owns one libzmq socket: opened here, closed in `deinit`, without lingering unless told.
final class Socket {
    let handle: UnsafeMutableRawPointer
    private let context: Context

    init(_ context: Context, type: Int32) throws(TransportError) {
        self.context = context
        handle = try checkHandle("zmq_socket") { zmq_socket(context.handle, type) }
        try set(ZMQ_LINGER, 0)
    }

    deinit {
        zmq_close(handle)
    }

    func set(_ option: Int32, _ value: Int32) throws(TransportError) {
        try check("zmq_setsockopt \(option)") {
            withUnsafePointer(to: value) { zmq_setsockopt(handle, option, $0, MemoryLayout<Int32>.size) }
        }
    }

    func set(_ option: Int32, wide value: Int64) throws(TransportError) {
        try check("zmq_setsockopt \(option)") {
            withUnsafePointer(to: value) { zmq_setsockopt(handle, option, $0, MemoryLayout<Int64>.size) }
        }
    }

    func set(_ option: Int32, _ value: [UInt8]) throws(TransportError) {
        try check("zmq_setsockopt \(option)") { zmq_setsockopt(handle, option, value, value.count) }
    }

    /// The bounds and timeouts that hubs and links have in common.
    func apply(_ limits: TransportLimits) throws(TransportError) {
        let tcpMilliseconds = limits.tcpTimeout.milliseconds
        let probeSeconds = max(1, tcpMilliseconds / 1000 / 5)
        try set(ZMQ_MAXMSGSIZE, wide: Int64(limits.frameBytesMax))
        try set(ZMQ_SNDHWM, Int32(clamping: limits.pipeMessagesMax))
        try set(ZMQ_RCVHWM, Int32(clamping: limits.pipeMessagesMax))
        try set(ZMQ_HANDSHAKE_IVL, limits.handshakeTimeout.milliseconds)
        try set(ZMQ_CONNECT_TIMEOUT, limits.connectTimeout.milliseconds)
        try set(ZMQ_TCP_KEEPALIVE, Int32(1))
        try set(ZMQ_TCP_KEEPALIVE_IDLE, probeSeconds)
        try set(ZMQ_TCP_KEEPALIVE_INTVL, probeSeconds)
        try set(ZMQ_TCP_KEEPALIVE_CNT, Int32(4))
        try set(ZMQ_TCP_MAXRT, tcpMilliseconds)
    }

    /// Receives a whole message, or nil when none is there. The frames beyond `framesMax` are thrown away,
    /// but counted.
    func receive(framesMax: Int) throws(TransportError) -> (frames: [FrameStorage], frameCount: Int)? {
        guard var frame = try FrameStorage.receive(handle) else { return nil }
        var frames = [frame]
        var count = 1
        // libzmq hands over whole messages only, so what follows is there.
        while frame.hasMore, let next = try FrameStorage.receive(handle) {
            frame = next
            count += 1
            if count <= framesMax { frames.append(next) }
        }
        return (frames, count)
    }

    /// Sends a whole message, or nothing of it: false when the socket takes nothing now.
    func send(_ frames: [Frame], to routingID: Frame? = nil) throws(TransportError) -> Bool {
        if let routingID, try !routingID.storage.send(handle, more: true) { return false }
        for (index, frame) in frames.enumerated() {
            // A later frame is refused only if the connection broke meanwhile; libzmq then drops the earlier
            // ones.
            guard try frame.storage.send(handle, more: index + 1 < frames.count) else { return false }
        }
        return true
    }

    /// The last endpoint bound, wildcards resolved.
    func lastEndpoint() throws(TransportError) -> String {
        var bytes = [UInt8](repeating: 0, count: 512)
        var size = bytes.count
        try check("zmq_getsockopt LAST_ENDPOINT") { zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &bytes, &size) }
        return String(decoding: bytes.prefix(max(size, 1) - 1), as: UTF8.self)
    }

    /// A descriptor that becomes readable when libzmq has something to tell this socket. Edge-triggered: only
    /// a call that takes no message, or finds none, makes sure of the next edge.
    func descriptor() throws(TransportError) -> Int32 {
        var descriptor: Int32 = -1
        var size = MemoryLayout<Int32>.size
        try check("zmq_getsockopt FD") { zmq_getsockopt(handle, ZMQ_FD, &descriptor, &size) }
        return descriptor
    }
}

extension Duration {
    /// Whole milliseconds, rounded up, within 0 and the largest Int32.
    var milliseconds: Int32 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        guard seconds < 2_000_000 else { return 2_000_000_000 }
        return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
