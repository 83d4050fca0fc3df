import Synchronization

/// A switchboard without sockets, for tests and simulation; see ``InMemoryNetwork``.
public final class InMemorySwitchboard: Switchboard {
    public let limits: TransportLimits
    public let waker: Waker
    /// What the network's faults are aimed by.
    public let name: String
    private let network: InMemoryNetwork
    private let signal = Signal()

    init(name: String, limits: TransportLimits, network: InMemoryNetwork) {
        self.name = name
        self.limits = limits
        self.network = network
        let signal = signal
        network.state.withLock { state in
            precondition(state.nodes[name] == nil, "two switchboards are named \(name)")
            state.nodes[name] = NetworkState.Node(limits: limits, signal: signal)
        }
        waker = Waker {
            network.state.withLock { $0.nodes[name]?.isWoken = true }
            signal.raise()
        }
    }

    deinit {
        close(flush: .zero)
    }

    public func bind(_ endpoint: String) throws(TransportError) -> (hub: HubID, endpoint: String) {
        try Endpoint.validate(endpoint)
        return try network.state.withLock { [name] state throws(TransportError) in
            let id = HubID(number: try state.nextNumber(name))
            let resolved = state.resolve(endpoint)
            guard state.listeners[resolved] == nil else { throw .addressInUse(resolved) }
            state.listeners[resolved] = NetworkState.Listener(node: name, hub: id)
            state.nodes[name]?.hubs[id] = NetworkState.Hub(endpoint: resolved)
            for node in state.nodes.values { node.signal.raise() }
            return (id, resolved)
        }
    }

    public func connect(_ endpoint: String, identity: [UInt8]) throws(TransportError) -> LinkID {
        try Endpoint.validate(endpoint)
        try TransportLimits.check(identity: identity)
        return try network.state.withLock { [name] state throws(TransportError) in
            let id = LinkID(number: try state.nextNumber(name))
            state.nodes[name]?.links[id] = NetworkState.Link(endpoint: endpoint, identity: identity)
            return id
        }
    }

    public func send(_ frames: [Frame], to remote: Remote) throws(TransportError) {
        try network.state.withLock { [name] state throws(TransportError) in
            try state.send(frames, from: name, to: remote)
        }
    }

    public func poll(timeout: Duration) throws(TransportError) -> [TransportEvent] {
        let deadline = ContinuousClock.now + timeout
        while true {
            let events = try network.state.withLock { [name] state throws(TransportError) in
                _ = try state.open(name)
                return state.turn(name)
            }
            let left = timeout > .zero ? ContinuousClock.now.duration(to: deadline) : .zero
            if !events.isEmpty || left <= .zero { return events }
            signal.wait(atMost: left)
        }
    }

    public func queuedBytes(to remote: Remote) -> Int {
        network.state.withLock { $0.queuedBytes(from: name, to: remote) }
    }

    public func close(_ link: LinkID, flush: Duration) {
        pump(atMost: flush, link: link)
        network.state.withLock { state in
            if let connection = state.nodes[name]?.links[link]?.connection {
                state.breakConnection(connection)
            }
            state.nodes[name]?.links[link] = nil
            state.nodes[name]?.inbox.removeAll { $0.event.remote == .link(link) }
        }
    }

    public func close(flush: Duration) {
        pump(atMost: flush, link: nil)
        network.state.withLock { $0.remove(node: name) }
    }

    /// Goes on sending for at most `flush` while something is queued.
    private func pump(atMost flush: Duration, link: LinkID?) {
        let deadline = ContinuousClock.now + flush
        while ContinuousClock.now < deadline, network.state.withLock({ $0.hasQueued(name, link: link) }) {
            network.state.withLock { $0.push(name) }
            signal.wait(atMost: .milliseconds(1))
        }
    }
}

extension NetworkState {
    fileprivate mutating func nextNumber(_ name: String) throws(TransportError) -> UInt32 {
        let number = try open(name).lastNumber + 1
        nodes[name]?.lastNumber = number
        return number
    }

    /// Replaces the wildcard of an endpoint by the first free number.
    fileprivate func resolve(_ endpoint: String) -> String {
        guard endpoint.hasSuffix("*") else { return endpoint }
        var number = 20_000
        while listeners["\(endpoint.dropLast())\(number)"] != nil { number += 1 }
        return "\(endpoint.dropLast())\(number)"
    }
}
