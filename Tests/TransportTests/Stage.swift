import Glibc
import Testing

@testable import Transport

/// What carries the messages of a test.
enum Medium: String, CaseIterable, CustomTestStringConvertible {
    case tcp, ipc, memory

    var testDescription: String { rawValue }
}

/// Makes switchboards of one medium and polls them in turn, all on the test's own thread.
final class Stage {
    let medium: Medium
    let network = InMemoryNetwork()
    private let prefix: String
    private var count = 0

    /// How long anything may take. Long, since machines may be slow: tests wait for things to happen, not for
    /// time to pass.
    static let patience = Duration.seconds(40)

    init(_ medium: Medium) {
        self.medium = medium
        prefix = "/tmp/espalier-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    }

    /// An endpoint to bind that nobody uses.
    var freeEndpoint: String {
        count += 1
        return medium == .ipc ? "ipc://\(prefix)-\(count)" : "tcp://127.0.0.1:*"
    }

    func player(_ name: String, limits: TransportLimits = TransportLimits()) throws -> Player {
        Player(
            try medium == .memory
                ? network.switchboard(named: name, limits: limits) : ZeroMQSwitchboard(limits: limits))
    }

    /// Polls the players in turn until the condition holds.
    func wait(
        _ players: Player..., until condition: () throws -> Bool,
        at location: SourceLocation = #_sourceLocation
    ) throws {
        let deadline = ContinuousClock.now + Self.patience
        while try !condition() {
            guard ContinuousClock.now < deadline else {
                let seen = players.map { "\($0.events.suffix(5))" }.joined(separator: "\n")
                Issue.record("nothing came of it; last events:\n\(seen)", sourceLocation: location)
                throw Impatience()
            }
            for player in players { try player.poll(.milliseconds(1)) }
        }
    }

    struct Impatience: Error {}
}

/// A switchboard and what happened to it.
final class Player {
    let board: any Switchboard
    var events: [TransportEvent] = []

    init(_ board: any Switchboard) {
        self.board = board
    }

    func poll(_ timeout: Duration) throws {
        events += try board.poll(timeout: timeout)
    }

    /// The messages from one remote, or from all.
    func messages(from remote: Remote? = nil) -> [[Frame]] {
        events.compactMap { event in
            guard case .message(let sender, let frames) = event, remote == nil || sender == remote else {
                return nil
            }
            return frames
        }
    }
}

/// A link of one player to a hub of another, connected and known to the hub.
struct Pair {
    let stage: Stage
    let server: Player
    let client: Player
    let hub: HubID
    let endpoint: String
    let link: LinkID
    let peer: Remote

    static let identity: [UInt8] = [0, 7, 255]

    init(
        _ medium: Medium, server serverLimits: TransportLimits = TransportLimits(),
        client clientLimits: TransportLimits = TransportLimits()
    ) throws {
        stage = Stage(medium)
        server = try stage.player("server", limits: serverLimits)
        client = try stage.player("client", limits: clientLimits)
        (hub, endpoint) = try server.board.bind(stage.freeEndpoint)
        link = try client.board.connect(endpoint, identity: Self.identity)
        peer = .peer(hub, identity: Self.identity)
        try client.board.send([Frame("hello".utf8)], to: .link(link))
        try stage.wait(server, client) { [server] in !server.messages().isEmpty }
    }
}

func frames(_ texts: String...) -> [Frame] { texts.map { Frame($0.utf8) } }

extension Frame {
    init(repeating byte: UInt8, count: Int) { self.init([UInt8](repeating: byte, count: count)) }
}
