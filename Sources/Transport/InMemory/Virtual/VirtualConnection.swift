/// A connection between a link and a hub of a ``VirtualNetwork``.
final class VirtualConnection {
    /// What travels one way: in order, one behind the other.
    struct Lane {
        /// When the sender's wire is free again, and when the last message arrives.
        var busyUntil: Int64 = 0
        var lastArrival: Int64 = 0
        /// What a cut holds back.
        var held: [Cargo] = []
        /// Sent and not yet polled.
        var bytes = 0
    }

    enum Cargo {
        case message([Frame])
        /// The sender has closed its end.
        case end
    }

    let client: VirtualSwitchboard
    let link: LinkID
    let server: VirtualSwitchboard
    let hub: HubID
    let identity: [UInt8]
    var toServer = Lane()
    var toClient = Lane()
    /// Nothing passes any more; an end may not know yet.
    var isBroken = false
    /// The hub has heard from it.
    var isHeard = false

    init(
        client: VirtualSwitchboard, link: LinkID, server: VirtualSwitchboard, hub: HubID, identity: [UInt8]
    ) {
        self.client = client
        self.link = link
        self.server = server
        self.hub = hub
        self.identity = identity
    }

    func other(_ end: VirtualSwitchboard) -> VirtualSwitchboard { end === client ? server : client }

    func remote(seenFrom end: VirtualSwitchboard) -> Remote {
        end === client ? .link(link) : .peer(hub, identity: identity)
    }

    func joins(_ first: VirtualSwitchboard, _ second: VirtualSwitchboard) -> Bool {
        (client === first && server === second) || (client === second && server === first)
    }

    subscript(to receiver: VirtualSwitchboard) -> Lane {
        get { receiver === server ? toServer : toClient }
        set {
            if receiver === server { toServer = newValue } else { toClient = newValue }
        }
    }
}
