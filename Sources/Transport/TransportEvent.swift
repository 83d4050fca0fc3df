/// What ``Switchboard/poll(timeout:)`` saw happen.
public enum TransportEvent: Sendable, Equatable {
    /// A whole message came.
    case message(from: Remote, frames: [Frame])
    /// A link has a connection; or a hub heard from a peer for the first time on a connection.
    case connected(Remote)
    /// The connection broke: what was queued on it is lost. A link tries again by itself.
    case disconnected(Remote)
    /// A message was thrown away since it broke a bound; the sender is at fault.
    case refused(from: Remote, reason: String)
    /// Somebody called ``Waker/wake()``; several calls may be told once.
    case woken
}

extension TransportEvent {
    /// Whom the event is about.
    var remote: Remote? {
        switch self {
        case .message(let remote, _), .connected(let remote), .disconnected(let remote),
            .refused(let remote, _):
            remote
        case .woken: nil
        }
    }
}
