/// Why a transport call could not do what it was asked.
public enum TransportError: Error, Equatable, CustomStringConvertible {
    /// No such link, or no such peer connected to the hub.
    case unreachable(Remote)
    /// The remote takes messages more slowly than they are sent.
    case congested(Remote, queuedBytes: Int, queuedBytesMax: Int)
    /// The message breaks a bound of ``TransportLimits``.
    case messageTooLarge(reason: String)
    case badEndpoint(String, reason: String)
    case badIdentity(byteCount: Int, byteCountMax: Int)
    /// Another process listens there.
    case addressInUse(String)
    /// The switchboard was closed.
    case closed
    /// The system or libzmq refused an operation.
    case system(operation: String, code: Int32, detail: String)

    public var description: String {
        switch self {
        case .unreachable(let remote):
            "\(remote) is not connected; wait for it to come back, or drop it"
        case .congested(let remote, let queued, let bound):
            "\(remote) is too slow: \(queued) of at most \(bound) bytes are queued for it; "
                + "send less at a time"
        case .messageTooLarge(let reason):
            "message not sent: \(reason)"
        case .badEndpoint(let endpoint, let reason):
            "bad endpoint \"\(endpoint)\": \(reason); write tcp://HOST:PORT or ipc://PATH"
        case .badIdentity(let count, let bound):
            "bad identity of \(count) bytes: 1 to \(bound) are allowed"
        case .addressInUse(let endpoint):
            "cannot listen on \(endpoint): another process does; stop it or choose another address"
        case .closed:
            "the switchboard is closed"
        case .system(let operation, let code, let detail):
            "\(operation) failed: \(detail) (error \(code))"
        }
    }
}
