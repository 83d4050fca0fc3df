/// Everything an ``InMemoryNetwork`` knows.
struct NetworkState {
    var nodes: [String: Node] = [:]
    var connections: [Int: Connection] = [:]
    var listeners: [String: Listener] = [:]
    var cuts: Set<Set<String>> = []
    var judge: (@Sendable (Passage) -> Passage.Fate)?
    private var messageCount = 0
    private var lastConnection = 0

    /// One switchboard.
    struct Node {
        let limits: TransportLimits
        let signal: Signal
        var isWoken = false
        var lastNumber: UInt32 = 0
        var inbox: [Arrival] = []
        var links: [LinkID: Link] = [:]
        var hubs: [HubID: Hub] = [:]
    }

    struct Link {
        let endpoint: String
        let identity: [UInt8]
        var connection: Int?
        /// Whether the owner was not yet told that the last connection broke.
        var isBreaking = false
        var outbox = Outbox()
    }

    struct Hub {
        let endpoint: String
        /// The connections of those it has heard from.
        var peers: [[UInt8]: Int] = [:]
        var outboxes: [[UInt8]: Outbox] = [:]
    }

    struct Listener {
        let node: String
        let hub: HubID
    }

    struct Connection {
        let client: String
        let link: LinkID
        let server: String
        let hub: HubID
        let identity: [UInt8]
        /// Messages delivered and not yet polled, by receiver; and those that a cut holds back.
        var waiting: [String: Int] = [:]
        var held: [(sender: String, frames: [Frame])] = []
        var isHeard = false

        var ends: Set<String> { [client, server] }
        func remote(seenFrom name: String) -> Remote {
            name == client ? .link(link) : .peer(hub, identity: identity)
        }
    }

    /// An event on its way to the owner of a switchboard.
    struct Arrival {
        let event: TransportEvent
        /// The connection whose room the event takes, for a message.
        let connection: Int?
    }

    /// Hands a message over, or holds it back at a cut. False: there is no room.
    mutating func pass(_ frames: [Frame], over id: Int, from sender: String) -> Bool {
        guard let connection = connections[id] else { return true }
        let receiver = sender == connection.client ? connection.server : connection.client
        guard let limits = nodes[receiver]?.limits else { return true }
        if cuts.contains(connection.ends) {
            guard connection.held.count < limits.pipeMessagesMax else { return false }
            connections[id]?.held.append((sender, frames))
            return true
        }
        guard connection.waiting[receiver, default: 0] < limits.pipeMessagesMax else { return false }
        let passage = Passage(sender: sender, receiver: receiver, frames: frames, index: messageCount)
        messageCount += 1
        switch judge?(passage) ?? .deliver {
        case .deliver: deliver(frames, over: id, to: receiver, limits)
        case .drop: break
        case .disconnect: breakConnection(id)
        }
        return true
    }

    private mutating func deliver(
        _ frames: [Frame], over id: Int, to receiver: String, _ limits: TransportLimits
    ) {
        guard let connection = connections[id] else { return }
        if frames.contains(where: { $0.count > limits.frameBytesMax }) { return breakConnection(id) }
        let remote = connection.remote(seenFrom: receiver)
        if receiver == connection.server, !connection.isHeard { introduce(id) }
        if frames.count > limits.framesMax {
            let reason = "a message of \(frames.count) frames; at most \(limits.framesMax) are allowed"
            tell(receiver, .refused(from: remote, reason: reason))
        } else {
            connections[id]?.waiting[receiver, default: 0] += 1
            tell(receiver, .message(from: remote, frames: frames), connection: id)
        }
    }

    /// A hub hears from a connection for the first time.
    private mutating func introduce(_ id: Int) {
        guard let connection = connections[id] else { return }
        let remote = connection.remote(seenFrom: connection.server)
        let peers = nodes[connection.server]?.hubs[connection.hub]?.peers
        if peers?[connection.identity] != nil { tell(connection.server, .disconnected(remote)) }
        connections[id]?.isHeard = true
        nodes[connection.server]?.hubs[connection.hub]?.peers[connection.identity] = id
        nodes[connection.server]?.hubs[connection.hub]?.outboxes[connection.identity] = nil
        tell(connection.server, .connected(remote))
    }

    mutating func tell(_ name: String, _ event: TransportEvent, connection: Int? = nil) {
        nodes[name]?.inbox.append(Arrival(event: event, connection: connection))
        nodes[name]?.signal.raise()
    }

    /// Connects the links of a switchboard that can be, in the order in which they were made.
    mutating func connectLinks(of name: String) {
        guard let node = nodes[name] else { return }
        for (id, link) in node.links.sorted(by: { $0.key.number < $1.key.number }) {
            guard link.connection == nil, !link.isBreaking, let listener = listeners[link.endpoint],
                !cuts.contains([name, listener.node])
            else { continue }
            lastConnection += 1
            connections[lastConnection] = Connection(
                client: name, link: id, server: listener.node, hub: listener.hub, identity: link.identity)
            nodes[name]?.links[id]?.connection = lastConnection
            tell(name, .connected(.link(id)))
        }
    }

    mutating func breakConnection(_ id: Int) {
        guard let connection = connections.removeValue(forKey: id) else { return }
        nodes[connection.client]?.links[connection.link]?.connection = nil
        nodes[connection.client]?.links[connection.link]?.isBreaking = true
        tell(connection.client, .disconnected(.link(connection.link)))
        if nodes[connection.server]?.hubs[connection.hub]?.peers[connection.identity] == id {
            nodes[connection.server]?.hubs[connection.hub]?.peers[connection.identity] = nil
            nodes[connection.server]?.hubs[connection.hub]?.outboxes[connection.identity] = nil
            tell(connection.server, .disconnected(connection.remote(seenFrom: connection.server)))
        }
    }

    /// - Parameter isConcerned: given the names at both ends.
    mutating func breakConnections(where isConcerned: (Set<String>) -> Bool) {
        for (id, connection) in connections.sorted(by: { $0.key < $1.key }) where isConcerned(connection.ends)
        {
            breakConnection(id)
        }
    }

    mutating func heal(_ ends: Set<String>) {
        cuts.remove(ends)
        for (id, connection) in connections.sorted(by: { $0.key < $1.key }) where connection.ends == ends {
            connections[id]?.held = []
            for message in connection.held {
                let receiver = message.sender == connection.client ? connection.server : connection.client
                if let limits = nodes[receiver]?.limits {
                    deliver(message.frames, over: id, to: receiver, limits)
                }
            }
        }
        for name in ends { nodes[name]?.signal.raise() }
    }

    mutating func remove(node name: String) {
        guard let node = nodes.removeValue(forKey: name) else { return }
        breakConnections { $0.contains(name) }
        for hub in node.hubs.values { listeners[hub.endpoint] = nil }
        node.signal.raise()
    }
}
