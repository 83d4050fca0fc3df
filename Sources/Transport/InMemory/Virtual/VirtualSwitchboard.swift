/// A switchboard on a ``VirtualNetwork``: no sockets, no threads, no real time. Polling never waits.
///
/// Unchecked: a simulation is one thread; only ``waker`` asks for it.
package final class VirtualSwitchboard: Switchboard, @unchecked Sendable {
    struct Link {
        let endpoint: String
        let identity: [UInt8]
        var connection: VirtualConnection?
        /// Sent while there was no connection.
        var waiting: [[Frame]] = []
        /// Nanoseconds before the next try to connect.
        var backoff: Int64
    }

    struct Hub {
        let endpoint: String
        /// The connections of those it has heard from.
        var peers: [[UInt8]: VirtualConnection] = [:]
    }

    /// An event, and what it frees when it is polled.
    struct Arrival {
        let event: TransportEvent
        var connection: VirtualConnection?
        var bytes = 0
    }

    package let limits: TransportLimits
    /// What faults are aimed by. A process that is started again has the same name.
    package let name: String
    /// Called whenever there is something to poll.
    package var onActivity: () -> Void = {}
    /// As by SIGSTOP: connections stay, new ones are not made.
    package var isStopped = false
    package private(set) lazy var waker = Waker { [weak self] in self?.wake() }
    package let network: VirtualNetwork
    var links: [LinkID: Link] = [:]
    var hubs: [HubID: Hub] = [:]
    /// All that this end has not yet seen break.
    var connections: [VirtualConnection] = []
    var isClosed = false
    private var inbox: [Arrival] = []
    private var lastNumber: UInt32 = 0

    init(name: String, limits: TransportLimits, network: VirtualNetwork) {
        self.name = name
        self.limits = limits
        self.network = network
    }

    func post(_ arrival: Arrival) {
        guard !isClosed else { return }
        inbox.append(arrival)
        onActivity()
    }

    private func wake() {
        guard !isClosed else { return }
        onActivity()
    }

    private func nextNumber() throws(TransportError) -> UInt32 {
        guard !isClosed else { throw .closed }
        lastNumber += 1
        return lastNumber
    }

    package func bind(_ endpoint: String) throws(TransportError) -> (hub: HubID, endpoint: String) {
        try Endpoint.validate(endpoint)
        let hub = HubID(number: try nextNumber())
        let resolved = try network.listen(endpoint, self, hub)
        hubs[hub] = Hub(endpoint: resolved)
        return (hub, resolved)
    }

    package func connect(_ endpoint: String, identity: [UInt8]) throws(TransportError) -> LinkID {
        try Endpoint.validate(endpoint)
        try TransportLimits.check(identity: identity)
        let link = LinkID(number: try nextNumber())
        links[link] = Link(
            endpoint: endpoint, identity: identity, backoff: limits.reconnectDelayMin.nanoseconds)
        network.tryToConnect(self, link, after: 0)
        return link
    }

    package func send(_ frames: [Frame], to remote: Remote) throws(TransportError) {
        guard !isClosed else { throw .closed }
        try limits.check(frames)
        let queued = queuedBytes(to: remote)
        let bytes = frames.reduce(0) { $0 + $1.count }
        guard queued == 0 || queued + bytes <= limits.queuedBytesMax else {
            throw .congested(remote, queuedBytes: queued, queuedBytesMax: limits.queuedBytesMax)
        }
        switch remote {
        case .link(let id):
            guard let link = links[id] else { throw .unreachable(remote) }
            if let connection = link.connection {
                network.carry(frames, over: connection, from: self)
            } else {
                links[id]?.waiting.append(frames)
            }
        case .peer(let hub, let identity):
            guard let connection = hubs[hub]?.peers[identity] else { throw .unreachable(remote) }
            network.carry(frames, over: connection, from: self)
        }
    }

    package func poll(timeout: Duration) throws(TransportError) -> [TransportEvent] {
        guard !isClosed else { throw .closed }
        let arrivals = inbox.prefix(limits.eventsPerPollMax)
        inbox.removeFirst(arrivals.count)
        for arrival in arrivals {
            if let connection = arrival.connection { connection[to: self].bytes -= arrival.bytes }
        }
        if !inbox.isEmpty { onActivity() }
        return arrivals.map(\.event)
    }

    package func queuedBytes(to remote: Remote) -> Int {
        switch remote {
        case .link(let id):
            guard let link = links[id] else { return 0 }
            if let connection = link.connection { return connection[to: connection.server].bytes }
            return link.waiting.reduce(0) { $0 + $1.reduce(0) { $0 + $1.count } }
        case .peer(let hub, let identity):
            guard let connection = hubs[hub]?.peers[identity] else { return 0 }
            return connection[to: connection.client].bytes
        }
    }

    package func close(_ link: LinkID, flush: Duration) {
        guard let closed = links.removeValue(forKey: link) else { return }
        if let connection = closed.connection {
            network.hangUp(connection, from: self, isOrderly: flush > .zero)
        }
        inbox.removeAll { $0.event.remote == .link(link) }
    }

    package func close(flush: Duration) {
        network.remove(self, isOrderly: flush > .zero)
    }
}

extension Duration {
    var nanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}
