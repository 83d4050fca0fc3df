/// A network in ``VirtualTime``: messages take their time by a seeded model, connections overtake each other
/// and break, cables are cut and healed. It keeps ``Switchboard``'s promises as TCP and libzmq do: in order
/// within a connection, and what was under way on a broken one is lost, whoever hears of it when.
package final class VirtualNetwork {
    let time: VirtualTime
    /// Between any two switchboards; by name of sender and receiver where it differs.
    package var model: LinkModel
    package var modelBetween: [[String]: LinkModel] = [:]
    /// Decides about each message; nil delivers all.
    package var judge: ((VirtualPassage) -> VirtualPassage.Fate)?
    /// Told what becomes of connections; the text is made only when asked for.
    package var note: ((() -> String) -> Void)?
    private struct Listener {
        let board: VirtualSwitchboard
        let hub: HubID
    }
    private var listeners: [String: Listener] = [:]
    private var boards: [VirtualSwitchboard] = []
    /// Sender and receiver between which nothing passes, and which cut it was.
    private var cuts: [[String]: Int] = [:]
    private var cutCount = 0
    private var random: SeededRandom
    private var lastPort = 20_000

    package init(_ time: VirtualTime, model: LinkModel, seed: UInt64) {
        self.time = time
        self.model = model
        random = SeededRandom(seed)
    }

    package func switchboard(
        named name: String, limits: TransportLimits = TransportLimits()
    ) -> VirtualSwitchboard {
        let board = VirtualSwitchboard(name: name, limits: limits, network: self)
        boards.append(board)
        return board
    }

    func listen(
        _ endpoint: String, _ board: VirtualSwitchboard, _ hub: HubID
    ) throws(TransportError) -> String {
        var resolved = endpoint
        if endpoint.hasSuffix("*") {
            lastPort += 1
            resolved = "\(endpoint.dropLast())\(lastPort)"
        }
        guard listeners[resolved] == nil else { throw .addressInUse(resolved) }
        listeners[resolved] = Listener(board: board, hub: hub)
        return resolved
    }

    // MARK: Faults

    /// Pulls the cable from one switchboard to another, one way: what is sent waits. After the transport's
    /// timeout both ends take the connection for broken.
    package func cut(from sender: String, to receiver: String) {
        cutCount += 1
        let number = cutCount
        cuts[[sender, receiver]] = number
        let timeout = (boards.first?.limits.tcpTimeout ?? .seconds(15)).nanoseconds
        time.schedule(after: timeout) { [weak self] in
            guard let self, cuts[[sender, receiver]] == number else { return }
            for connection in connections(sender, receiver) {
                connection.isBroken = true
                for end in [connection.client, connection.server] { tellBroken(connection, end) }
            }
        }
    }

    /// Puts the cable back: what waited arrives, if its connection still lives.
    package func heal(from sender: String, to receiver: String) {
        guard cuts.removeValue(forKey: [sender, receiver]) != nil else { return }
        for connection in connections(sender, receiver) {
            let end = connection.client.name == receiver ? connection.client : connection.server
            let held = connection[to: end].held
            connection[to: end].held = []
            for cargo in held { arrive(cargo, over: connection, at: end) }
        }
    }

    /// Breaks every connection between two switchboards: their links connect again.
    package func disconnect(_ first: String, _ second: String) {
        for connection in connections(first, second) { breakOff(connection) }
    }

    /// As `kill -9`: the switchboard's calls throw `.closed` from now on, and the others see their
    /// connections break, at once or after what was under way.
    package func crash(_ board: VirtualSwitchboard) {
        remove(board, isOrderly: random.chance(1, outOf: 2))
    }

    /// Ends everything.
    package func shutDown() {
        for board in boards { board.isClosed = true }
        for board in boards {
            (board.links, board.hubs, board.connections) = ([:], [:], [])
            board.onActivity = {}
        }
        (boards, listeners, judge, note) = ([], [:], nil, nil)
        time.clear()
    }

    private func connections(_ first: String, _ second: String) -> [VirtualConnection] {
        var found: [VirtualConnection] = []
        for board in boards where board.name == first || board.name == second {
            for connection in board.connections
            where connection.other(board).name == (board.name == first ? second : first)
                && !found.contains(where: { $0 === connection })
            {
                found.append(connection)
            }
        }
        return found
    }

    private func isCut(_ sender: VirtualSwitchboard, _ receiver: VirtualSwitchboard) -> Bool {
        !cuts.isEmpty && cuts[[sender.name, receiver.name]] != nil
    }

    private func model(from sender: VirtualSwitchboard, to receiver: VirtualSwitchboard) -> LinkModel {
        modelBetween.isEmpty ? model : modelBetween[[sender.name, receiver.name]] ?? model
    }

    /// Nanoseconds for a message without bytes.
    private func delay(from sender: VirtualSwitchboard, to receiver: VirtualSwitchboard) -> Int64 {
        let model = model(from: sender, to: receiver)
        return model.latency + (model.jitter > 0 ? Int64(random.below(Int(model.jitter))) : 0)
    }
}

// MARK: - Connecting

extension VirtualNetwork {
    /// A link's try to connect, and those after it.
    func tryToConnect(_ board: VirtualSwitchboard, _ link: LinkID, after pause: Int64) {
        time.schedule(after: pause + model.latency) { [weak self, weak board] in
            guard let self, let board, !board.isClosed, let state = board.links[link],
                state.connection == nil
            else { return }
            guard let listener = listeners[state.endpoint], !listener.board.isStopped, !board.isStopped,
                !isCut(board, listener.board), !isCut(listener.board, board)
            else {
                board.links[link]?.backoff = min(
                    state.backoff * 2, board.limits.reconnectDelayMax.nanoseconds)
                return tryToConnect(board, link, after: state.backoff)
            }
            connect(board, link, listener)
        }
    }

    private func connect(_ board: VirtualSwitchboard, _ id: LinkID, _ listener: Listener) {
        guard let link = board.links[id] else { return }
        let connection = VirtualConnection(
            client: board, link: id, server: listener.board, hub: listener.hub, identity: link.identity)
        note?({ "\(board.name) connects to \(listener.board.name)" })
        board.connections.append(connection)
        listener.board.connections.append(connection)
        board.links[id]?.connection = connection
        board.links[id]?.waiting = []
        board.links[id]?.backoff = board.limits.reconnectDelayMin.nanoseconds
        board.post(VirtualSwitchboard.Arrival(event: .connected(.link(id))))
        for frames in link.waiting { carry(frames, over: connection, from: board) }
    }

    /// Breaks a connection: what is under way is lost, and each end hears of it in its own time.
    func breakOff(_ connection: VirtualConnection) {
        guard !connection.isBroken else { return }
        connection.isBroken = true
        for end in [connection.client, connection.server] {
            time.schedule(after: delay(from: connection.other(end), to: end)) { [weak self] in
                self?.tellBroken(connection, end)
            }
        }
    }

    /// One end closes a connection, after what it has sent or at the cost of it.
    func hangUp(_ connection: VirtualConnection, from end: VirtualSwitchboard, isOrderly: Bool) {
        end.connections.removeAll { $0 === connection }
        guard !connection.isBroken else { return }
        let other = connection.other(end)
        if isOrderly {
            enqueue(.end, bytes: 0, over: connection, from: end)
        } else if isCut(end, other) {
            connection.isBroken = true
            connection[to: other].held = [.end]
        } else {
            connection.isBroken = true
            time.schedule(after: delay(from: end, to: other)) { [weak self] in
                self?.tellBroken(connection, other)
            }
        }
    }

    func remove(_ board: VirtualSwitchboard, isOrderly: Bool) {
        guard !board.isClosed else { return }
        board.isClosed = true
        for hub in board.hubs.values { listeners[hub.endpoint] = nil }
        for connection in board.connections { hangUp(connection, from: board, isOrderly: isOrderly) }
        boards.removeAll { $0 === board }
        (board.links, board.hubs, board.connections) = ([:], [:], [])
    }

    private func tellBroken(_ connection: VirtualConnection, _ end: VirtualSwitchboard) {
        end.connections.removeAll { $0 === connection }
        guard !end.isClosed else { return }
        if end === connection.client {
            let id = connection.link
            guard let link = end.links[id], link.connection === connection else { return }
            note?({ "\(end.name) learns that its connection to \(connection.server.name) is broken" })
            end.links[id]?.connection = nil
            end.post(VirtualSwitchboard.Arrival(event: .disconnected(.link(id))))
            tryToConnect(end, id, after: link.backoff)
        } else if end.hubs[connection.hub]?.peers[connection.identity] === connection {
            note?({ "\(end.name) learns that \(connection.client.name) is gone" })
            end.hubs[connection.hub]?.peers[connection.identity] = nil
            end.post(VirtualSwitchboard.Arrival(event: .disconnected(connection.remote(seenFrom: end))))
        }
    }
}

// MARK: - Carrying

extension VirtualNetwork {
    func carry(_ frames: [Frame], over connection: VirtualConnection, from sender: VirtualSwitchboard) {
        guard !connection.isBroken else { return }
        let receiver = connection.other(sender)
        let passage = VirtualPassage(sender: sender.name, receiver: receiver.name, frames: frames)
        var frames = frames
        switch judge?(passage) ?? .deliver {
        case .deliver: break
        case .replace(let others): frames = others
        case .duplicate(let delay):
            time.schedule(after: delay) { [weak self] in
                guard let self, !connection.isBroken else { return }
                enqueue(.message(frames), bytes: 0, over: connection, from: sender)
            }
        case .disconnect: return breakOff(connection)
        }
        let bytes = frames.reduce(0) { $0 + $1.count }
        connection[to: receiver].bytes += bytes
        enqueue(.message(frames), bytes: bytes, over: connection, from: sender)
    }

    private func enqueue(
        _ cargo: VirtualConnection.Cargo, bytes: Int, over connection: VirtualConnection,
        from sender: VirtualSwitchboard
    ) {
        let receiver = connection.other(sender)
        let rate = model(from: sender, to: receiver).bytesPerSecond
        var lane = connection[to: receiver]
        lane.busyUntil = max(lane.busyUntil, time.nanoseconds) + Int64(Double(bytes) / rate * 1e9)
        lane.lastArrival = max(lane.lastArrival, lane.busyUntil + delay(from: sender, to: receiver))
        connection[to: receiver] = lane
        time.schedule(after: lane.lastArrival - time.nanoseconds) { [weak self] in
            guard let self, !connection.isBroken else { return }
            if isCut(sender, receiver) {
                connection[to: receiver].held.append(cargo)
            } else {
                arrive(cargo, over: connection, at: receiver)
            }
        }
    }

    private func arrive(
        _ cargo: VirtualConnection.Cargo, over connection: VirtualConnection,
        at receiver: VirtualSwitchboard
    ) {
        switch cargo {
        case .end:
            connection.isBroken = true
            tellBroken(connection, receiver)
        case .message(let frames):
            guard !connection.isBroken, !receiver.isClosed else { return }
            let remote = connection.remote(seenFrom: receiver)
            if receiver === connection.server, !connection.isHeard { introduce(connection, remote) }
            // A connection that a newer one of its identity has replaced is not listened to any more.
            guard
                receiver === connection.client
                    || receiver.hubs[connection.hub]?.peers[connection.identity] === connection
            else {
                note?({ "\(receiver.name) ignores an old connection of \(connection.client.name)" })
                return
            }
            receiver.post(
                VirtualSwitchboard.Arrival(
                    event: .message(from: remote, frames: frames), connection: connection,
                    bytes: frames.reduce(0) { $0 + $1.count }))
        }
    }

    /// A hub hears from a connection for the first time.
    private func introduce(_ connection: VirtualConnection, _ remote: Remote) {
        connection.isHeard = true
        let server = connection.server
        if server.hubs[connection.hub]?.peers[connection.identity] != nil {
            server.post(VirtualSwitchboard.Arrival(event: .disconnected(remote)))
        }
        server.hubs[connection.hub]?.peers[connection.identity] = connection
        server.post(VirtualSwitchboard.Arrival(event: .connected(remote)))
    }
}
