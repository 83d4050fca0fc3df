import Testing

@testable import Transport

/// Bounds, and peers that break them.
@Suite(.timeLimit(.minutes(10)))
struct BoundsTests {
    @Test(arguments: Medium.allCases)
    func aSenderKeepsToItsOwnBounds(_ medium: Medium) throws {
        let pair = try Pair(medium)
        let limits = TransportLimits()
        let tooLong = [Frame(repeating: 0, count: limits.frameBytesMax + 1)]
        for message in [tooLong, [], Array(repeating: Frame([]), count: limits.framesMax + 1)] {
            let error = #expect(throws: TransportError.self) {
                try pair.client.board.send(message, to: .link(pair.link))
            }
            guard case .messageTooLarge = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test(arguments: Medium.allCases)
    func aFrameTooLongCutsItsSenderOff(_ medium: Medium) throws {
        var generous = TransportLimits()
        generous.frameBytesMax = 4 << 20
        let pair = try Pair(medium, client: generous)
        let other = try pair.stage.player("other")
        let link = try other.board.connect(pair.endpoint, identity: [5])
        try pair.client.board.send([Frame(repeating: 0, count: 2 << 20)], to: .link(pair.link))
        try pair.stage.wait(pair.server, pair.client, other) {
            pair.server.events.contains(.disconnected(pair.peer))
                && pair.client.events.contains(.disconnected(.link(pair.link)))
        }
        #expect(pair.server.messages() == [frames("hello")])
        try other.board.send(frames("unharmed"), to: .link(link))
        try pair.stage.wait(pair.server, pair.client, other) {
            pair.server.messages().last == frames("unharmed")
        }
    }

    @Test(arguments: Medium.allCases)
    func tooManyFramesAreRefusedAndReported(_ medium: Medium) throws {
        var generous = TransportLimits()
        generous.framesMax = 1000
        let pair = try Pair(medium, client: generous)
        try pair.client.board.send(Array(repeating: Frame([1]), count: 900), to: .link(pair.link))
        try pair.client.board.send(frames("after"), to: .link(pair.link))
        try pair.stage.wait(pair.server, pair.client) { pair.server.messages().last == frames("after") }
        let reason = "a message of 900 frames; at most 8 are allowed"
        #expect(pair.server.events.dropFirst(2).first == .refused(from: pair.peer, reason: reason))
        #expect(pair.server.messages().count == 2)
    }

    @Test(arguments: Medium.allCases)
    func aSlowLinkIsCongestedAndLosesNothing(_ medium: Medium) throws {
        var small = TransportLimits()
        small.queuedBytesMax = 1 << 20
        small.pipeMessagesMax = 4
        let pair = try Pair(medium, server: small, client: small)
        let sent = try fill(pair.client.board, .link(pair.link), bytesMax: small.queuedBytesMax)
        try pair.stage.wait(pair.server, pair.client) { pair.server.messages().count == sent + 1 }
        #expect(pair.server.messages().dropFirst().elementsEqual((0..<sent).map(Self.numbered)))
        #expect(pair.client.board.queuedBytes(to: .link(pair.link)) == 0)
    }

    @Test(arguments: Medium.allCases)
    func aSlowPeerHoldsUpNoOther(_ medium: Medium) throws {
        var small = TransportLimits()
        small.queuedBytesMax = 1 << 20
        small.pipeMessagesMax = 4
        let pair = try Pair(medium, server: small, client: small)
        let other = try pair.stage.player("other")
        let link = try other.board.connect(pair.endpoint, identity: [5])
        try other.board.send(frames("hello"), to: .link(link))
        try pair.stage.wait(pair.server, other) { pair.server.messages().count == 2 }
        let sent = try fill(pair.server.board, pair.peer, bytesMax: small.queuedBytesMax)
        try pair.server.board.send(frames("quick"), to: .peer(pair.hub, identity: [5]))
        try pair.stage.wait(pair.server, other) { other.messages() == [frames("quick")] }
        try pair.stage.wait(pair.server, pair.client) { pair.client.messages().count == sent }
        #expect(pair.client.messages() == (0..<sent).map(Self.numbered))
    }

    /// Sends until the queue is full, polling no receiver.
    private func fill(_ board: any Switchboard, _ remote: Remote, bytesMax: Int) throws -> Int {
        for index in 0..<1000 {
            do {
                try board.send(Self.numbered(index), to: remote)
            } catch {
                let queued = board.queuedBytes(to: remote)
                #expect(error == .congested(remote, queuedBytes: queued, queuedBytesMax: bytesMax))
                #expect(queued <= bytesMax && queued > bytesMax / 2)
                return index
            }
        }
        Issue.record("a thousand messages of 100 kB fit a queue of \(bytesMax) bytes")
        return 0
    }

    private static func numbered(_ index: Int) -> [Frame] {
        [Frame(repeating: UInt8(truncatingIfNeeded: index), count: 100_000)]
    }

    @Test(
        arguments: Medium.allCases, [[], [UInt8](repeating: 1, count: TransportLimits.identityBytesMax + 1)])
    func identitiesAreBounded(_ medium: Medium, _ identity: [UInt8]) throws {
        let board = try Stage(medium).player("client").board
        #expect(throws: TransportError.badIdentity(byteCount: identity.count, byteCountMax: 240)) {
            try board.connect("tcp://127.0.0.1:9", identity: identity)
        }
    }

    @Test(
        arguments: Medium.allCases,
        [
            "", "127.0.0.1:80", "udp://127.0.0.1:80", "ipc://",
            "ipc:///tmp/" + String(repeating: "x", count: 110), "tcp://\0",
        ])
    func badEndpointsAreNamed(_ medium: Medium, _ endpoint: String) throws {
        let board = try Stage(medium).player("any").board
        for call in [{ _ = try board.bind(endpoint) }, { _ = try board.connect(endpoint, identity: [1]) }] {
            let error = #expect(throws: TransportError.self) { try call() }
            guard case .badEndpoint(endpoint, _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test(arguments: [
        "tcp://127.0.0.1", "tcp://127.0.0.1:99999", "tcp://no-such-interface-here:1",
        "ipc:///no/such/folder/x",
    ])
    func endpointsThatTheSystemRefusesAreNamed(_ endpoint: String) throws {
        let board = try ZeroMQSwitchboard()
        let error = #expect(throws: TransportError.self) { try board.bind(endpoint) }
        guard case .badEndpoint(endpoint, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(arguments: Medium.allCases)
    func nobodyTakesAnothersPlace(_ medium: Medium) throws {
        let pair = try Pair(medium)
        #expect(throws: TransportError.addressInUse(pair.endpoint)) {
            try pair.client.board.bind(pair.endpoint)
        }
        try pair.client.board.send(frames("unharmed"), to: .link(pair.link))
        try pair.stage.wait(pair.server, pair.client) { pair.server.messages().last == frames("unharmed") }
    }
}
