/// One hub of a switchboard: an address that links of other switchboards connect to.
public struct HubID: Hashable, Sendable {
    let number: UInt32
}

/// One link of a switchboard: a connection, renewed when it breaks, to one hub of another switchboard.
public struct LinkID: Hashable, Sendable {
    let number: UInt32
}

/// The other end of a conversation: whom a message is for, or whom it came from.
public enum Remote: Hashable, Sendable, CustomStringConvertible {
    /// The hub at the other end of one of our links.
    case link(LinkID)
    /// A link that came to one of our hubs, by the identity it gave.
    case peer(HubID, identity: [UInt8])

    public var description: String {
        switch self {
        case .link(let link): "link \(link.number)"
        case .peer(let hub, let identity): "peer \(Self.hexadecimal(identity)) of hub \(hub.number)"
        }
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
    }
}
