import ClusterCore
import Transport

/// The links to the other members of the generation.
struct PeerLinks {
    private struct Peer {
        let endpoint: String
        let incarnation: [UInt8]
        let link: LinkID
    }

    private var peers: [UInt32: Peer] = [:]
    private var connected: Set<LinkID> = []

    var workers: [UInt32] { peers.keys.sorted() }

    func link(to worker: UInt32) -> LinkID? { peers[worker]?.link }

    /// Members to which there is a connection now.
    var reachable: [UInt32] {
        workers.filter { peers[$0].map { connected.contains($0.link) } ?? false }
    }

    /// Members that are reached without leaving this machine.
    func near(_ ownEndpoint: String) -> Set<UInt32> {
        Set(peers.filter { Self.isNear($0.value.endpoint, ownEndpoint) }.keys)
    }

    /// Sockets of the file system, or one address.
    private static func isNear(_ endpoint: String, _ own: String) -> Bool {
        if endpoint.hasPrefix("ipc://") { return true }
        guard let host = endpoint.lastIndex(of: ":"), let ownHost = own.lastIndex(of: ":") else {
            return false
        }
        return endpoint[..<host] == own[..<ownHost]
    }

    func worker(on link: LinkID) -> UInt32? {
        peers.first { $0.value.link == link }?.key
    }

    /// The member that sends under this identity.
    func worker(called identity: [UInt8]) -> UInt32? {
        peers.first { $0.value.incarnation == identity }?.key
    }

    /// Notes a connection of any link.
    mutating func note(_ link: LinkID, isConnected: Bool) {
        if isConnected { connected.insert(link) } else { connected.remove(link) }
    }

    /// Keeps the links to those of `others` that it has, and has none to anybody else.
    /// - Parameter open: makes, or takes over, a link to a member.
    /// - Returns: the links to be closed.
    mutating func change<E: Error>(
        to others: [WireMember], open: (WireMember) throws(E) -> LinkID
    ) throws(E) -> [LinkID] {
        let old = peers
        peers = [:]
        for member in others {
            if let peer = old[member.worker], peer.endpoint == member.dataEndpoint {
                peers[member.worker] = peer
            } else {
                peers[member.worker] = Peer(
                    endpoint: member.dataEndpoint, incarnation: Array(member.incarnation),
                    link: try open(member))
            }
        }
        let kept = Set(peers.values.map(\.link))
        let closed = old.values.map(\.link).filter { !kept.contains($0) }
        connected.subtract(closed)
        return closed
    }
}
