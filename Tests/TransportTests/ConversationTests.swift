import Testing

@testable import Transport

/// What every medium does alike: connect, talk, break, come back.
@Suite(.timeLimit(.minutes(10)))
struct ConversationTests {
    @Test(arguments: Medium.allCases)
    func aHubLearnsOfAPeerAndAnswers(_ medium: Medium) throws {
        let pair = try Pair(medium)
        #expect(pair.client.events == [.connected(.link(pair.link))])
        #expect(
            pair.server.events == [.connected(pair.peer), .message(from: pair.peer, frames: frames("hello"))])
        let answer = [Frame([]), Frame([0, 1, 2]), Frame(repeating: 9, count: 1 << 20)]
        try pair.server.board.send(answer, to: pair.peer)
        try pair.stage.wait(pair.server, pair.client) { !pair.client.messages().isEmpty }
        #expect(pair.client.messages() == [answer])
    }

    @Test(arguments: Medium.allCases)
    func messagesArriveWholeAndInOrderBothWays(_ medium: Medium) throws {
        let pair = try Pair(medium)
        let count = 30
        let message = { (index: Int, size: Int) in
            [Frame([UInt8(index)]), Frame(repeating: UInt8(index), count: size)]
        }
        for index in 0..<count {
            try pair.client.board.send(message(index, 1 << 20), to: .link(pair.link))
            try pair.server.board.send(message(index, index * 1000), to: pair.peer)
        }
        try pair.stage.wait(pair.server, pair.client) {
            pair.server.messages().count > count && pair.client.messages().count >= count
        }
        #expect(pair.server.messages().dropFirst().elementsEqual((0..<count).map { message($0, 1 << 20) }))
        #expect(pair.client.messages() == (0..<count).map { message($0, $0 * 1000) })
        #expect(pair.client.board.queuedBytes(to: .link(pair.link)) == 0)
        #expect(pair.server.board.queuedBytes(to: pair.peer) == 0)
    }

    @Test(arguments: Medium.allCases)
    func aLinkWaitsForItsHub(_ medium: Medium) throws {
        let stage = Stage(medium)
        let first = try stage.player("first")
        let endpoint = try first.board.bind(stage.freeEndpoint).endpoint
        first.board.close()
        let client = try stage.player("client")
        let link = try client.board.connect(endpoint, identity: [1])
        try client.board.send(frames("early"), to: .link(link))
        try client.poll(.milliseconds(60))
        #expect(client.events.isEmpty)
        let server = try stage.player("server")
        #expect(try server.board.bind(endpoint).endpoint == endpoint)
        try stage.wait(server, client) { !server.messages().isEmpty }
        #expect(server.messages() == [frames("early")])
        #expect(client.events == [.connected(.link(link))])
    }

    @Test(arguments: Medium.allCases)
    func aLinkComesBackAfterItsHubDied(_ medium: Medium) throws {
        let pair = try Pair(medium)
        pair.server.board.close()
        try pair.stage.wait(pair.client) { pair.client.events.last == .disconnected(.link(pair.link)) }
        try pair.client.board.send(frames("still there?"), to: .link(pair.link))
        let server = try pair.stage.player("second server")
        let (hub, _) = try server.board.bind(pair.endpoint)
        try pair.stage.wait(server, pair.client) { !server.messages().isEmpty }
        let peer = Remote.peer(hub, identity: Pair.identity)
        #expect(server.events == [.connected(peer), .message(from: peer, frames: frames("still there?"))])
        try server.board.send(frames("here"), to: peer)
        try pair.stage.wait(server, pair.client) { pair.client.messages() == [frames("here")] }
        let link = Remote.link(pair.link)
        #expect(
            pair.client.events == [
                .connected(link), .disconnected(link), .connected(link),
                .message(from: link, frames: frames("here")),
            ])
    }

    @Test(arguments: Medium.allCases)
    func aHubSeesALinkGo(_ medium: Medium) throws {
        let pair = try Pair(medium)
        try pair.client.board.send(frames("bye"), to: .link(pair.link))
        pair.client.board.close(pair.link, flush: .seconds(20))
        try pair.stage.wait(pair.server) { pair.server.events.last == .disconnected(pair.peer) }
        #expect(pair.server.messages().last == frames("bye"))
        #expect(throws: TransportError.unreachable(pair.peer)) {
            try pair.server.board.send(frames("hello?"), to: pair.peer)
        }
        #expect(throws: TransportError.unreachable(.link(pair.link))) {
            try pair.client.board.send(frames("hello?"), to: .link(pair.link))
        }
    }

    /// The trap of an identity used again: nothing of the new connection may be taken for the old one's.
    @Test(arguments: Medium.allCases)
    func aNewLinkOfTheSameIdentityTakesOver(_ medium: Medium) throws {
        let pair = try Pair(medium)
        var link = pair.link
        for round in 0..<5 {
            pair.client.board.close(link)
            link = try pair.client.board.connect(pair.endpoint, identity: Pair.identity)
            try pair.client.board.send(frames("round \(round)"), to: .link(link))
            // The client gets ahead of the server, which is busy elsewhere.
            try pair.stage.wait(pair.client) { pair.client.events.last == .connected(.link(link)) }
        }
        try pair.stage.wait(pair.server, pair.client) { pair.server.messages().last == frames("round 4") }
        try pair.server.board.send(frames("answer"), to: pair.peer)
        try pair.stage.wait(pair.server, pair.client) {
            pair.client.messages(from: .link(link)) == [frames("answer")]
        }
        var isConnected = false
        for event in pair.server.events {
            switch event {
            case .connected:
                #expect(!isConnected)
                isConnected = true
            case .disconnected:
                #expect(isConnected)
                isConnected = false
            case .message: #expect(isConnected)
            case .refused, .woken: Issue.record("unexpected \(event)")
            }
        }
        #expect(isConnected)
    }

    @Test(arguments: Medium.allCases)
    func manyLinksShareAHub(_ medium: Medium) throws {
        let stage = Stage(medium)
        let server = try stage.player("server")
        let client = try stage.player("client")
        let (hub, endpoint) = try server.board.bind(stage.freeEndpoint)
        let links = try (0..<24).map { try client.board.connect(endpoint, identity: [UInt8($0), 0]) }
        for (index, link) in links.enumerated() {
            try client.board.send([Frame([UInt8(index)])], to: .link(link))
        }
        try stage.wait(server, client) { server.messages().count == links.count }
        for index in links.indices {
            let peer = Remote.peer(hub, identity: [UInt8(index), 0])
            #expect(server.messages(from: peer) == [[Frame([UInt8(index)])]])
            try server.board.send([Frame([UInt8(index), 1])], to: peer)
        }
        try stage.wait(server, client) { client.messages().count == links.count }
        for (index, link) in links.enumerated() {
            #expect(client.messages(from: .link(link)) == [[Frame([UInt8(index), 1])]])
        }
    }
}
