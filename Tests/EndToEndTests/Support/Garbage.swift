import ClusterCore
import Collective

/// Messages that no member of a run would send.
enum Garbage {
    /// Bytes that are the beginning of no protocol.
    static let noise = (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 13) }

    /// Each a list of frames.
    ///
    /// - Parameter run: the run's identity, if it is known.
    static func messages(run: RunID?) -> [[[UInt8]]] {
        let heartbeat = ControlMessage(run: run, generation: 1, body: .heartbeat(WireHeartbeat())).encoded()
        var failure = WireFailure()
        failure.reason = "a stranger says so"
        var hello = WireHello()
        hello.version = "none"
        hello.dataEndpoint = "nowhere"
        let header = header(run: RunID.random(), generation: 1, step: 0).encoded()
        return [
            [[]],
            [[], []],
            [noise],
            [noise, noise],
            // Fields of protobuf that claim more bytes than there are, or 2^63.
            [[0x52, 0xff, 0x7f]],
            [[0x52, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
            [Array(heartbeat.dropLast())],
            [heartbeat + [0x52, 0x7f]],
            // Well-formed, from somebody who is no worker.
            [heartbeat],
            [ControlMessage(run: run, generation: 1, body: .failure(failure)).encoded()],
            [ControlMessage(run: run, generation: 1, body: .stateChunk(WireStateChunk())).encoded(), noise],
            [ControlMessage(run: nil, generation: .max, body: .hello(hello)).encoded()],
            // Data of another run, and headers of a false length.
            [header, noise],
            [Array(header.dropLast()), noise],
            [header + noise, noise],
            // More frames, and longer ones, than are taken.
            [[UInt8]](repeating: [1, 2, 3], count: 50),
            [heartbeat, [UInt8](repeating: 0xa5, count: 1 << 20)],
            [[UInt8](repeating: 0xa5, count: 4 << 20)],
        ]
    }

    /// A data message that is meant for the run's present, whose payload claims more elements than it holds.
    static func block(run: RunID, generation: UInt64, step: UInt64) -> [[UInt8]] {
        [
            header(run: run, generation: generation, step: step).encoded(),
            [0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f, 1, 0, 0, 0] + noise.prefix(64),
        ]
    }

    private static func header(run: RunID, generation: UInt64, step: UInt64) -> BlockHeader {
        BlockHeader(
            kind: .reduced, run: run.bytes, generation: generation, step: step, attempt: 0, part: 0, block: 0,
            elements: 64, shards: ShardSet(0..<4))
    }
}
