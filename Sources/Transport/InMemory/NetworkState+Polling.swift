extension NetworkState {
    /// What one poll of a switchboard does: connect, send what is queued, take what arrived.
    mutating func turn(_ name: String) -> [TransportEvent] {
        push(name)
        guard let limits = nodes[name]?.limits else { return [] }
        var events: [TransportEvent] = []
        if nodes[name]?.isWoken == true {
            nodes[name]?.isWoken = false
            events.append(.woken)
        }
        let arrivals = nodes[name]?.inbox.prefix(limits.eventsPerPollMax) ?? []
        nodes[name]?.inbox.removeFirst(arrivals.count)
        for arrival in arrivals {
            if let id = arrival.connection { makeRoom(on: id, for: name) }
            if case .disconnected(.link(let id)) = arrival.event {
                nodes[name]?.links[id]?.outbox.removeAll()
                nodes[name]?.links[id]?.isBreaking = false
            }
            events.append(arrival.event)
        }
        return events
    }

    /// Connects and sends what can be.
    mutating func push(_ name: String) {
        connectLinks(of: name)
        flush(name)
    }

    /// The receiver took a message; the sender may have another.
    private mutating func makeRoom(on id: Int, for receiver: String) {
        guard let connection = connections[id] else { return }
        connections[id]?.waiting[receiver, default: 1] -= 1
        nodes[receiver == connection.client ? connection.server : connection.client]?.signal.raise()
    }

    private mutating func flush(_ name: String) {
        guard let node = nodes[name] else { return }
        for id in node.links.keys.sorted(by: { $0.number < $1.number }) {
            while let link = nodes[name]?.links[id], let connection = link.connection,
                let frames = link.outbox.first,
                pass(frames, over: connection, from: name)
            {
                nodes[name]?.links[id]?.outbox.removeFirst()
            }
        }
        for (id, hub) in node.hubs.sorted(by: { $0.key.number < $1.key.number }) {
            for identity in hub.outboxes.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                flush(name, id, identity)
            }
        }
    }

    private mutating func flush(_ name: String, _ id: HubID, _ identity: [UInt8]) {
        while let hub = nodes[name]?.hubs[id], let connection = hub.peers[identity],
            let frames = hub.outboxes[identity]?.first, pass(frames, over: connection, from: name)
        {
            nodes[name]?.hubs[id]?.outboxes[identity]?.removeFirst()
        }
        if nodes[name]?.hubs[id]?.outboxes[identity]?.isEmpty == true {
            nodes[name]?.hubs[id]?.outboxes[identity] = nil
        }
    }

    mutating func send(_ frames: [Frame], from name: String, to remote: Remote) throws(TransportError) {
        let limits = try open(name).limits
        try limits.check(frames)
        let outbox: Outbox
        let connection: Int?
        switch remote {
        case .link(let id):
            guard let link = nodes[name]?.links[id] else { throw .unreachable(remote) }
            (outbox, connection) = (link.outbox, link.connection)
        case .peer(let id, let identity):
            guard let hub = nodes[name]?.hubs[id], let peer = hub.peers[identity] else {
                throw .unreachable(remote)
            }
            (outbox, connection) = (hub.outboxes[identity] ?? Outbox(), peer)
        }
        if outbox.isEmpty, let connection, pass(frames, over: connection, from: name) { return }
        var longer = outbox
        guard longer.append(frames, bytesMax: limits.queuedBytesMax) else {
            throw .congested(remote, queuedBytes: outbox.bytes, queuedBytesMax: limits.queuedBytesMax)
        }
        switch remote {
        case .link(let id): nodes[name]?.links[id]?.outbox = longer
        case .peer(let id, let identity): nodes[name]?.hubs[id]?.outboxes[identity] = longer
        }
    }

    func queuedBytes(from name: String, to remote: Remote) -> Int {
        switch remote {
        case .link(let id): nodes[name]?.links[id]?.outbox.bytes ?? 0
        case .peer(let id, let identity): nodes[name]?.hubs[id]?.outboxes[identity]?.bytes ?? 0
        }
    }

    /// Whether a switchboard, or one link of it, has something queued.
    func hasQueued(_ name: String, link: LinkID? = nil) -> Bool {
        guard let node = nodes[name] else { return false }
        if let link { return node.links[link]?.outbox.isEmpty == false }
        return node.links.values.contains { !$0.outbox.isEmpty }
            || node.hubs.values.contains { !$0.outboxes.isEmpty }
    }

    func open(_ name: String) throws(TransportError) -> Node {
        guard let node = nodes[name] else { throw .closed }
        return node
    }
}
