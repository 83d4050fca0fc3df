import ClusterCore
import SwiftProtobuf
import Testing

struct MessageTests {
    static let run = RunID(bytes: Array(0..<16))!

    static func decode(_ bytes: [UInt8]) throws(ControlMessageError) -> ControlMessage {
        try ControlMessage(decoding: bytes)
    }

    @Test func aMessageSurvivesTheWire() throws {
        var begin = WireBeginStep()
        begin.step = 7
        begin.partOwners = [1, 2]
        let message = ControlMessage(run: Self.run, generation: 3, body: .beginStep(begin))
        let decoded = try Self.decode(message.encoded())
        #expect(decoded.run == Self.run)
        #expect(decoded.generation == 3)
        #expect(decoded.body == message.body)
    }

    /// Truncated and damaged frames: an error or some message, never a crash.
    @Test func damagedFramesAreErrorsNotCrashes() {
        var hello = WireHello()
        hello.version = "1.0"
        hello.dataEndpoint = "tcp://127.0.0.1:4000"
        let whole = ControlMessage(run: Self.run, generation: 1, body: .hello(hello)).encoded()
        for length in 0..<whole.count { _ = try? Self.decode(Array(whole[..<length])) }
        for position in whole.indices {
            for bit in 0..<8 {
                var damaged = whole
                damaged[position] ^= 1 << bit
                _ = try? Self.decode(damaged)
            }
        }
        #expect(throws: ControlMessageError.otherProtocol(0)) { try Self.decode([]) }
        #expect(throws: ControlMessageError.tooLarge(bytes: 1 << 20 + 1)) {
            try Self.decode([UInt8](repeating: 0, count: (1 << 20) + 1))
        }
    }

    @Test func anotherProtocolIsNamed() throws {
        var envelope = WireEnvelope()
        envelope.protocol = 99
        envelope.heartbeat = WireHeartbeat()
        let bytes: [UInt8] = try envelope.serializedBytes()
        #expect(throws: ControlMessageError.otherProtocol(99)) { try Self.decode(bytes) }
    }
}

struct WorkerMachineTests {
    @Test func dataMessagesAreEarlyCurrentOrStale() {
        var worker = WorkerMachine(timeout: .seconds(8))
        let run = MessageTests.run
        func deliver(_ body: ControlMessage.Body, generation: UInt64 = 0) {
            _ = worker.handle(
                .message(ControlMessage(run: run, generation: generation, body: body)), at: .zero)
        }
        deliver(.welcome(WireWelcome()))
        _ = worker.handle(.prepared(WireReady()), at: .zero)
        #expect(worker.placing(generation: 1, step: 0, attempt: 0) == .early)
        deliver(.formation(WireFormation()), generation: 1)
        #expect(worker.placing(generation: 1, step: 0, attempt: 0) == .early)
        var begin = WireBeginStep()
        begin.partOwners = [1]
        deliver(.beginStep(begin), generation: 1)
        #expect(worker.placing(generation: 1, step: 0, attempt: 0) == .current)
        #expect(worker.placing(generation: 1, step: 0, attempt: 1) == .early)
        #expect(worker.placing(generation: 1, step: 1, attempt: 0) == .early)
        #expect(worker.placing(generation: 1, step: 2, attempt: 0) == .stale)
        #expect(worker.placing(generation: 0, step: 0, attempt: 0) == .stale)
        #expect(worker.placing(generation: 3, step: 0, attempt: 0) == .stale)
    }

    @Test func aBrokenPeerConnectionEndsTheWorkerUnlessTheRunIsOver() {
        var worker = WorkerMachine(timeout: .seconds(8))
        let message = ControlMessage(run: MessageTests.run, generation: 0, body: .welcome(WireWelcome()))
        _ = worker.handle(.message(message), at: .zero)
        _ = worker.handle(.peerLost(3), at: .seconds(1))
        let heartbeat = ControlMessage(
            run: MessageTests.run, generation: 0, body: .heartbeat(WireHeartbeat()))
        _ = worker.handle(.message(heartbeat), at: .seconds(2))
        #expect(!worker.isFinished)
        let directives = worker.handle(.tick, at: .seconds(4))
        guard case .exit(.failed(let reason)) = directives.last else {
            Issue.record("no exit")
            return
        }
        #expect(reason.contains("worker 3"))
    }

    @Test func aSilentCoordinatorEndsTheWorkerInABoundedTime() {
        var worker = WorkerMachine(timeout: .seconds(8))
        _ = worker.handle(.started(WireHello()), at: .zero)
        #expect(worker.handle(.tick, at: .seconds(7)).isEmpty)
        let directives = worker.handle(.tick, at: .seconds(9))
        guard case .exit(.failed(let reason)) = directives.last else {
            Issue.record("no exit")
            return
        }
        #expect(reason.contains("8.0 s"))
    }
}
