import ClusterCore
import Collective
import Testing
import Transport

@testable import Training

/// A joining replica comes to the state of the one that feeds it.
@Suite(.timeLimit(.minutes(20))) struct FeedTests {
    private func pair(searchSteps: Int = 0) throws -> (source: ReplicaBench, joiner: ReplicaBench) {
        let definition = try TestDefinitions.make(searchSteps: searchSteps)
        let run = RunID.random()
        let source = try ReplicaBench(definition, run: run)
        try source.loadSeed()
        return (source, try ReplicaBench(definition, run: run))
    }

    /// From before the first step, whose exponents are found by attempts that the joiner has no part in; the
    /// vectors of steps taken while the state was under way follow it.
    @Test(arguments: [(0, 0), (0, 1), (3, 0)])
    func joinerFollows(searchSteps: Int, stepsBefore: Int) throws {
        let (source, joiner) = try pair(searchSteps: searchSteps)
        for _ in 0..<stepsBefore { #expect(try source.step() == nil) }
        var messages = try source.feed(1)
        for _ in 0..<2 {
            let vector = try #require(try source.step())
            messages += vector.messages(feed: 1, run: source.run, envelope: source.envelope)
        }
        #expect(joiner.takeReady()?.holds == false)
        for message in messages { try joiner.receive(message) }
        let ready = try #require(joiner.takeReady())
        #expect(ready.holds && ready.step == UInt64(stepsBefore + 2))
        #expect(ready.phase == (searchSteps > 0 ? "search" : "converge"))
        #expect(try joiner.digest == source.digest)
        // From here on it can go on by itself.
        for bench in [source, joiner] { _ = try bench.step() }
        #expect(try joiner.digest == source.digest)
    }

    /// Whatever is spoilt or missing: the joiner forgets the state and asks for another, which it then takes.
    @Test(arguments: ["digest", "chunk", "order", "exponents", "block"])
    func damagedFeedIsGivenUp(what: String) throws {
        let (source, joiner) = try pair()
        var messages = try source.feed(1)
        messages += try #require(try source.step())
            .messages(feed: 1, run: source.run, envelope: source.envelope)
        try spoil(&messages, what)
        for message in messages { try joiner.receive(message) }
        #expect(joiner.takeReady()?.holds == false)
        try source.worker.perform(.endFeed(1))
        for message in try source.feed(2) { try joiner.receive(message) }
        #expect(joiner.takeReady()?.holds == true)
        #expect(try joiner.digest == source.digest)
    }

    /// The head, two chunks, the exponents, then blocks.
    private func spoil(_ messages: inout [[Frame]], _ what: String) throws {
        func change(_ index: Int, _ change: (inout WireStateChunk) -> Void) throws {
            let message = try ControlMessage(decoding: messages[index][0].bytes)
            guard case .stateChunk(var chunk) = message.body else { return }
            change(&chunk)
            let changed = ControlMessage(
                run: message.run, generation: message.generation, body: .stateChunk(chunk))
            messages[index][0] = Frame(changed.encoded())
        }
        let blocks = messages.firstIndex { $0[0].withUnsafeBytes(BlockHeader.begins) }!
        switch what {
        case "digest": try change(blocks - 2) { $0.digest = "another" }
        case "chunk": messages[1][1] = Frame(messages[1][1].bytes.dropLast(4))
        case "order": messages.remove(at: 1)
        case "exponents": try change(blocks - 1) { $0.exponents = "{}" }
        default: messages[blocks][1] = Frame(messages[blocks][1].bytes.dropLast())
        }
    }

    @Test func onlyTheNewestFeedIsTaken() {
        let run = RunID.random()
        var receiver = FeedReceiver()
        #expect(!receiver.takes(1, from: [1]) && !receiver.listens(to: [1]))
        let isFirstTaken = receiver.begins(3, from: [1], run: run)
        #expect(isFirstTaken)
        #expect(receiver.takes(3, from: [1]) && !receiver.takes(3, from: [2]))
        for older in [2, 3] as [UInt64] {
            let isTaken = receiver.begins(older, from: [2], run: run)
            #expect(!isTaken)
        }
        let isNewerTaken = receiver.begins(4, from: [2], run: run)
        #expect(isNewerTaken)
        #expect(!receiver.takes(3, from: [1]) && receiver.takes(4, from: [2]))
        receiver.end()
        let isTakenAgain = receiver.begins(4, from: [2], run: run)
        #expect(!isTakenAgain && !receiver.takes(4, from: [2]))
        // Another launch counts anew.
        let isOtherTaken = receiver.begins(1, from: [2], run: .random())
        #expect(isOtherTaken)
    }

    /// A receiver that does not keep up is given up before its vectors fill the memory.
    @Test func slowReceiverIsGivenUp() throws {
        let network = InMemoryNetwork()
        let switchboard = network.switchboard(named: "source")
        let vector = [Int32](repeating: .max, count: 1000).withUnsafeBufferPointer {
            HistoryVector(step: 5, exponents: "{}", vector: $0, pool: nil)
        }
        var sender = FeedSender(waitingBytesMax: 3 * vector.byteCount)
        for (number, step) in [(1, 5), (2, 6)] as [(UInt64, UInt64)] {
            var order = WireFeed()
            (order.feed, order.step) = (number, step)
            sender.open(order, on: try switchboard.connect("ipc:///nobody", identity: [1]))
        }
        let run = RunID.random()
        func add() -> [UInt64] {
            sender.add(vector, run: run) { ControlMessage(run: run, generation: 1, body: $0) }
        }
        for _ in 0..<3 { #expect(add().isEmpty) }
        // The second one began after this step, so it does not get its vector.
        #expect(add() == [1])
        let link = sender.close(1)
        #expect(link != nil && sender.numbers == [2])
        #expect(add().isEmpty)
    }
}
