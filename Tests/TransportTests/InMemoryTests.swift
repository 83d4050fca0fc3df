import Testing

@testable import Transport

/// The faults that only the in-memory network can be asked for.
struct InMemoryTests {
    @Test func aMessageMayBeDropped() throws {
        let pair = try Pair(.memory)
        pair.stage.network.judge { $0.sender == "client" && $0.frames == frames("lost") ? .drop : .deliver }
        for text in ["one", "lost", "two"] { try pair.client.board.send(frames(text), to: .link(pair.link)) }
        try pair.server.poll(.zero)
        #expect(pair.server.messages() == [frames("hello"), frames("one"), frames("two")])
    }

    @Test func aMessageMayBreakItsConnection() throws {
        let pair = try Pair(.memory)
        pair.stage.network.judge { $0.frames == frames("boom") ? .disconnect : .deliver }
        for text in ["one", "boom", "gone"] { try pair.client.board.send(frames(text), to: .link(pair.link)) }
        try pair.server.poll(.zero)
        #expect(pair.server.messages() == [frames("hello"), frames("one")])
        #expect(pair.server.events.last == .disconnected(pair.peer))
        try pair.client.poll(.zero)
        #expect(pair.client.events.last == .disconnected(.link(pair.link)))
        #expect(pair.client.board.queuedBytes(to: .link(pair.link)) == 0)
        try pair.client.board.send(frames("back"), to: .link(pair.link))
        try pair.client.poll(.zero)
        try pair.server.poll(.zero)
        #expect(pair.server.messages().last == frames("back"))
    }

    @Test func aCutHoldsBackAndHealingDelivers() throws {
        let pair = try Pair(.memory)
        let network = pair.stage.network
        network.cut("client", "server")
        let late = try pair.client.board.connect(pair.endpoint, identity: [8])
        try pair.client.board.send(frames("held"), to: .link(pair.link))
        try pair.server.board.send(frames("held too"), to: pair.peer)
        try pair.client.poll(.zero)
        try pair.server.poll(.zero)
        #expect(pair.server.messages().count == 1 && pair.client.messages().isEmpty)
        network.heal("client", "server")
        try pair.server.poll(.zero)
        try pair.client.poll(.zero)
        #expect(pair.server.messages().last == frames("held"))
        #expect(pair.client.messages() == [frames("held too")])
        #expect(pair.client.events.contains(.connected(.link(late))))
    }

    @Test func aCrashIsSeenByTheOthersOnly() throws {
        let pair = try Pair(.memory)
        pair.stage.network.crash("client")
        #expect(throws: TransportError.closed) { try pair.client.poll(.zero) }
        try pair.server.poll(.zero)
        #expect(pair.server.events.last == .disconnected(pair.peer))
        let again = pair.stage.network.switchboard(named: "client")
        _ = try again.connect(pair.endpoint, identity: Pair.identity)
        #expect(try again.poll(timeout: .zero).count == 1)
    }

    @Test func aDisconnectIsHealedByTheLink() throws {
        let pair = try Pair(.memory)
        pair.stage.network.disconnect("server", "client")
        try pair.client.poll(.zero)
        try pair.client.poll(.zero)
        let link = Remote.link(pair.link)
        #expect(pair.client.events.suffix(2) == [.disconnected(link), .connected(link)])
    }
}
