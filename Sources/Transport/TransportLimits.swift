/// The bounds a switchboard keeps, all of its own choosing: nothing here needs to agree between processes,
/// except that a message must fit the receiver's bounds.
public struct TransportLimits: Sendable, Equatable {
    /// Longest identity of a link, in bytes.
    public static let identityBytesMax = 240

    /// Most bytes of one frame: a block of 1 MiB and its header. A connection that brings a longer one is
    /// cut.
    public var frameBytesMax = 1 << 20 + 4096
    /// Most frames of one message; one that has more is refused.
    public var framesMax = 8
    /// Most bytes queued for one remote before `.congested`.
    public var queuedBytesMax = 64 << 20
    /// Most messages handed to the network and not yet taken by it, and as many received and not yet polled,
    /// for each connection. libzmq counts messages, not bytes: this times the largest message bounds its
    /// memory.
    public var pipeMessagesMax = 16
    /// Most messages that one poll returns, but at least one from each socket that has any.
    public var eventsPerPollMax = 64
    /// How long a connection may take to come up before it is tried anew.
    public var connectTimeout: Duration = .seconds(3)
    /// How long the greeting on a new connection may take.
    public var handshakeTimeout: Duration = .seconds(5)
    /// First pause before connecting again; doubled up to ``reconnectDelayMax`` at each failure.
    public var reconnectDelayMin: Duration = .milliseconds(20)
    public var reconnectDelayMax: Duration = .seconds(1)
    /// How long a TCP connection may leave sent data unacknowledged before it counts as broken. Also the pace
    /// of keepalive probes. Heartbeats above this layer find a stalled peer sooner.
    public var tcpTimeout: Duration = .seconds(15)

    public init() {}

    /// Throws if a message of these frames breaks a bound.
    func check(_ frames: [Frame]) throws(TransportError) {
        guard !frames.isEmpty, frames.count <= framesMax else {
            throw .messageTooLarge(reason: "it has \(frames.count) frames; 1 to \(framesMax) are allowed")
        }
        if let frame = frames.first(where: { $0.count > frameBytesMax }) {
            throw .messageTooLarge(reason: "a frame has \(frame.count) bytes of at most \(frameBytesMax)")
        }
    }

    static func check(identity: [UInt8]) throws(TransportError) {
        guard (1...identityBytesMax).contains(identity.count) else {
            throw .badIdentity(byteCount: identity.count, byteCountMax: identityBytesMax)
        }
    }
}
