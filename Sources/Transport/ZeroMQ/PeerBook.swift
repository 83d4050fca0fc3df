/// Which peer is on which connection of a hub. Pure: fed with what libzmq tells, in the order in which it happened.
///
/// libzmq's monitor names a broken connection by its descriptor only, and a message names both the descriptor and
/// the routing id of its sender. Descriptors are used again, routing ids are not, so a descriptor has a queue of
/// connections, oldest first.
struct PeerBook {
    /// A peer's current connection.
    struct Peer {
        let serial: UInt64
        let descriptor: Int32
    }

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

    private(set) var peers: [[UInt8]: Peer] = [:]
    /// Connections by descriptor, oldest first; nil for one from which nothing came yet.
    private var connections: [Int32: [RoutingID?]] = [:]

    mutating func accepted(_ descriptor: Int32) {
        connections[descriptor, default: []].append(nil)
    }

    /// - Returns: the identity of the peer that is gone, if it has no newer connection.
    mutating func disconnected(_ descriptor: Int32) -> [UInt8]? {
        guard var queue = connections[descriptor], !queue.isEmpty else { return nil }
        let gone = queue.removeFirst()
        connections[descriptor] = queue.isEmpty ? nil : queue
        guard let gone, peers[gone.identity]?.serial == gone.serial else { return nil }
        peers[gone.identity] = nil
        return gone.identity
    }

    /// Notes a message from a peer.
    mutating func heard(_ routing: RoutingID, on descriptor: Int32) -> Sighting {
        let old = peers[routing.identity]
        if let old {
            if old.serial == routing.serial { return .known }
            if old.serial > routing.serial { return .stale }
        }
        var queue = connections[descriptor] ?? []
        if queue.contains(routing) { return .stale }
        // The newest silent connection of this descriptor must be it.
        if let index = queue.lastIndex(where: { $0 == nil }) {
            queue[index] = routing
        } else {
            queue.append(routing)
        }
        connections[descriptor] = queue
        peers[routing.identity] = Peer(serial: routing.serial, descriptor: descriptor)
        return old == nil ? .new : .replaced
    }

    /// Forgets a peer that libzmq cannot reach any more. Its connection stays noted until it is told broken.
    mutating func forget(_ identity: [UInt8]) {
        peers[identity] = nil
    }
}
