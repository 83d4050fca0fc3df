/// The sockets of one thread: hubs that others connect to, and links to other processes' hubs.
///
/// A switchboard belongs to the thread that calls it; only its ``waker`` may be used from elsewhere. Nothing
/// blocks but ``poll(timeout:)`` and the closing calls, and these for no longer than they are told.
///
/// What both implementations promise:
/// - Messages between a link and its hub arrive whole, in order, at most once. When a connection breaks,
///   whatever was under way or queued on it is lost on both sides, and both are told by `.disconnected`.
/// - A link connects again by itself until it is closed; a message sent while it is not connected waits for
///   the connection. A hub sends only to peers from which it has heard since they connected.
/// - Events of one remote come in the order connected, messages, disconnected.
public protocol Switchboard: AnyObject {
    /// The bounds this switchboard keeps.
    var limits: TransportLimits { get }

    /// Wakes this switchboard's ``poll(timeout:)`` from any thread.
    var waker: Waker { get }

    /// Opens a hub that any number of links may connect to.
    ///
    /// - Parameter endpoint: `tcp://ADDRESS:PORT` (port `*`: any free one) or `ipc://PATH`.
    /// - Returns: the hub, and the endpoint as others may connect to it, wildcards resolved.
    func bind(_ endpoint: String) throws(TransportError) -> (hub: HubID, endpoint: String)

    /// Opens a link to a hub, which need not exist yet.
    ///
    /// - Parameter identity: what the hub knows this link by: 1 to ``TransportLimits/identityBytesMax``
    ///   bytes, never used by two open links at a time.
    func connect(_ endpoint: String, identity: [UInt8]) throws(TransportError) -> LinkID

    /// Sends one message, or queues it for the next polls to send. Never blocks.
    ///
    /// Throws `.congested` when the queue is full, `.unreachable` when there is no such remote (any more).
    func send(_ frames: [Frame], to remote: Remote) throws(TransportError)

    /// Sends what is queued, and returns what happened; waits up to `timeout` for something to happen.
    func poll(timeout: Duration) throws(TransportError) -> [TransportEvent]

    /// Bytes queued for a remote and not yet handed to the network.
    func queuedBytes(to remote: Remote) -> Int

    /// Closes a link, after sending what is queued on it for at most `flush`; zero drops it.
    func close(_ link: LinkID, flush: Duration)

    /// Closes everything, likewise. Later calls throw `.closed`.
    func close(flush: Duration)
}

extension Switchboard {
    /// Closes a link at once; what is queued is lost.
    public func close(_ link: LinkID) { close(link, flush: .zero) }

    /// Closes everything at once; what is queued is lost.
    public func close() { close(flush: .zero) }
}
