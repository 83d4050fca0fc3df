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
