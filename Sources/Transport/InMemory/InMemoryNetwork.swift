import Synchronization

/// What joins in-memory switchboards: no sockets, no threads, and a fate for each message if a test wants
/// one.
///
/// Everything happens inside the switchboards' calls, in the order of the calls: a test that makes them from
/// one thread, polling with a timeout of zero, runs the same way each time.
public final class InMemoryNetwork: Sendable {
    let state = Mutex(NetworkState())

    public init() {}

    /// A new switchboard on this network. The name is for the calls below, and differs from all others.
    public func switchboard(
        named name: String, limits: TransportLimits = TransportLimits()
    ) -> InMemorySwitchboard {
        InMemorySwitchboard(name: name, limits: limits, network: self)
    }

    /// Asks `judge` about each message from now on; nil delivers all. It must not call the network.
    public func judge(_ judge: (@Sendable (Passage) -> Passage.Fate)?) {
        state.withLock { $0.judge = judge }
    }

    /// Breaks every connection between two switchboards. Their links connect again when next polled.
    public func disconnect(_ first: String, _ second: String) {
        state.withLock { $0.breakConnections { $0 == [first, second] } }
    }

    /// Pulls the cable between two switchboards: nothing passes, no new connection is made, and nobody is
    /// told.
    public func cut(_ first: String, _ second: String) {
        state.withLock { _ = $0.cuts.insert([first, second]) }
    }

    /// Puts the cable back: what was sent meanwhile arrives, if its connection still lives.
    public func heal(_ first: String, _ second: String) {
        state.withLock { $0.heal([first, second]) }
    }

    /// Ends a switchboard as `kill -9` ends a process: its own calls throw `.closed` from now on, and the
    /// others see their connections break.
    public func crash(_ name: String) {
        state.withLock { $0.remove(node: name) }
    }
}
