import Testing

@testable import Transport

/// The network in virtual time.
struct VirtualNetworkTests {
    /// A hub, and links to it that send from time to time.
    final class Scene {
        let time = VirtualTime()
        let network: VirtualNetwork
        let server: VirtualSwitchboard
        let client: VirtualSwitchboard
        let hub: HubID
        let link: LinkID
        var peer: Remote { .peer(hub, identity: [1]) }

        init(latency: Int64 = 1000, jitter: Int64 = 0, bytesPerSecond: Double = 1e9) throws {
            let model = LinkModel(latency: latency, jitter: jitter, bytesPerSecond: bytesPerSecond)
            network = VirtualNetwork(time, model: model, seed: 1)
            server = network.switchboard(named: "server")
            client = network.switchboard(named: "client")
            hub = try server.bind("tcp://127.0.0.1:7").hub
            link = try client.connect("tcp://127.0.0.1:7", identity: [1])
        }

        deinit { network.shutDown() }

        func run(for nanoseconds: Int64) {
            var isOver = false
            time.schedule(after: nanoseconds) { isOver = true }
            while !isOver, time.runNext() {}
        }

        func say(_ text: String) throws { try client.send(frames(text), to: .link(link)) }
        func heard() throws -> [TransportEvent] { try server.poll(timeout: .zero) }
        func message(_ text: String) -> TransportEvent { .message(from: peer, frames: frames(text)) }
    }

    @Test func messagesTakeTheirTime() throws {
        let scene = try Scene(latency: 1000, bytesPerSecond: 1e9)
        scene.run(for: 1000)
        #expect(try scene.client.poll(timeout: .zero) == [.connected(.link(scene.link))])
        try scene.client.send([Frame(repeating: 0, count: 500)], to: .link(scene.link))
        scene.run(for: 1499)
        #expect(try scene.heard().isEmpty)
        #expect(scene.client.queuedBytes(to: .link(scene.link)) == 500)
        scene.run(for: 1)
        #expect(try scene.heard().count == 2)
        #expect(scene.client.queuedBytes(to: .link(scene.link)) == 0)
    }

    @Test func jitterKeepsTheOrderOfAConnection() throws {
        let scene = try Scene(jitter: 100_000)
        for number in 0..<50 { try scene.say("\(number)") }
        scene.run(for: 10_000_000)
        #expect(try scene.heard() == [.connected(scene.peer)] + (0..<50).map { scene.message("\($0)") })
    }

    @Test func aCutHoldsBackAndHealingDelivers() throws {
        let scene = try Scene()
        scene.run(for: 2000)
        scene.network.cut(from: "client", to: "server")
        try scene.say("held")
        scene.run(for: 1_000_000)
        #expect(try scene.heard().isEmpty)
        scene.network.heal(from: "client", to: "server")
        #expect(try scene.heard() == [.connected(scene.peer), scene.message("held")])
    }

    @Test func aLongCutBreaksTheConnection() throws {
        let scene = try Scene()
        try scene.say("one")
        scene.run(for: 10_000)
        scene.network.cut(from: "client", to: "server")
        try scene.say("lost")
        scene.run(for: 20_000_000_000)
        #expect(try scene.heard().last == .disconnected(scene.peer))
        #expect(try scene.client.poll(timeout: .zero).last == .disconnected(.link(scene.link)))
        scene.network.heal(from: "client", to: "server")
        try scene.say("two")
        scene.run(for: 2_000_000_000)
        #expect(try scene.heard() == [.connected(scene.peer), scene.message("two")])
    }

    @Test func aBreakLosesWhatIsUnderWay() throws {
        let scene = try Scene()
        try scene.say("one")
        scene.run(for: 10_000)
        try scene.say("lost")
        scene.network.disconnect("client", "server")
        scene.run(for: 1_000_000_000)
        try scene.say("two")
        scene.run(for: 10_000)
        #expect(
            try scene.heard() == [
                .connected(scene.peer), scene.message("one"), .disconnected(scene.peer),
                .connected(scene.peer), scene.message("two"),
            ])
    }

    @Test func aCrashIsSeenAndTheEndpointIsFree() throws {
        let scene = try Scene()
        try scene.say("one")
        scene.run(for: 10_000)
        scene.network.crash(scene.server)
        #expect(throws: TransportError.closed) { try scene.heard() }
        scene.run(for: 1_000_000)
        let again = scene.network.switchboard(named: "server")
        _ = try again.bind("tcp://127.0.0.1:7")
        try scene.say("two")
        scene.run(for: 1_000_000_000)
        #expect(try again.poll(timeout: .zero).last == scene.message("two"))
    }

    @Test func theJudgeDuplicatesAndReplaces() throws {
        let scene = try Scene()
        scene.network.judge = { passage in
            passage.frames == frames("twice")
                ? .duplicate(after: 5000)
                : passage.frames == frames("bad") ? .replace(frames("good")) : .deliver
        }
        for text in ["twice", "bad"] { try scene.say(text) }
        scene.run(for: 100_000)
        #expect(
            try scene.heard().dropFirst() == [
                scene.message("twice"), scene.message("good"), scene.message("twice"),
            ])
    }

    @Test func anOrderlyCloseDeliversFirst() throws {
        let scene = try Scene()
        scene.run(for: 10_000)
        try scene.say("bye")
        scene.client.close(scene.link, flush: .seconds(1))
        scene.run(for: 10_000)
        #expect(
            try scene.heard() == [.connected(scene.peer), scene.message("bye"), .disconnected(scene.peer)])
    }
}
