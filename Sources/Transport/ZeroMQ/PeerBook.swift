/// Which peer is on which connection of a hub. Pure: fed with what libzmq tells.
///
/// libzmq's monitor names a broken connection by its descriptor only, and a message names both the descriptor
/// and the routing id of its sender. Descriptors are used again, routing ids are not, so a descriptor has a
/// queue of connections, oldest first.
///
/// If a peer comes, speaks and goes, and another gets its descriptor, all before the hub looks, nobody can
/// tell which of the two spoke. Then the dead one is taken for alive as long as the other is, never the other
/// way round: sending to it, or its silence, will show.
struct PeerBook {
    enum Sighting: Equatable {
        /// A message on the peer's current connection.
        case known
        /// The first message of a new peer.
        case new
        /// The first message on a new connection of a peer whose older one is not yet known to be broken.
        case replaced
        /// A message of an older or forgotten connection, to be thrown away.
        case stale
    }

    /// The serial number of each peer's current connection.
    private(set) var serials: [[UInt8]: UInt64] = [:]
    /// Who spoke on which connection, by descriptor, oldest connection first.
    private var connections: [Int32: [[RoutingID]]] = [:]

    mutating func accepted(_ descriptor: Int32) {
        connections[descriptor, default: []].append([])
    }

    /// - Returns: the identities of the peers that are gone and have no newer connection.
    mutating func disconnected(_ descriptor: Int32) -> [[UInt8]] {
        guard var queue = connections[descriptor], !queue.isEmpty else { return [] }
        let gone = queue.removeFirst()
        connections[descriptor] = queue.isEmpty ? nil : queue
        return gone.filter { forget($0) }.map(\.identity)
    }

    /// Notes a message from a peer. The connection it came on must have been noted.
    mutating func heard(_ routing: RoutingID, on descriptor: Int32) -> Sighting {
        let old = serials[routing.identity]
        if let old {
            if old == routing.serial { return .known }
            if old > routing.serial { return .stale }
        }
        var queue = connections[descriptor] ?? [[]]
        if queue.contains(where: { $0.contains(routing) }) { return .stale }
        queue[queue.count - 1].append(routing)
        connections[descriptor] = queue
        serials[routing.identity] = routing.serial
        return old == nil ? .new : .replaced
    }

    /// Forgets a peer that cannot be reached any more.
    ///
    /// - Returns: whether this was the peer's current connection.
    mutating func forget(_ routing: RoutingID) -> Bool {
        guard serials[routing.identity] == routing.serial else { return false }
        serials[routing.identity] = nil
        return true
    }
}
