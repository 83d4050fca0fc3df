import ClusterCore
import TensorCore
import Transport

/// A snapshot as a sequence of control messages, each with a frame of at most 1 MiB: weights, then momentum.
/// The chunks are made when they are asked for.
struct StateStream {
    static let chunkElements = 1 << 18

    let snapshot: StateSnapshot
    private var section = WireStateChunk.Section.weights
    private var offset = 0
    private(set) var isFinished = false

    init(_ snapshot: StateSnapshot) {
        self.snapshot = snapshot
    }

    private var sectionCount: Int {
        section == .weights ? snapshot.weights.count : snapshot.momentum.count
    }

    /// Nothing more is asked for.
    mutating func abandon() {
        isFinished = true
    }

    /// The next chunk and its payload: little-endian fp32. Nil after the last.
    mutating func next() -> (chunk: WireStateChunk, payload: Frame)? {
        guard !isFinished else { return nil }
        var chunk = WireStateChunk()
        chunk.step = UInt64(snapshot.step)
        chunk.section = section
        chunk.offset = UInt64(offset)
        let source = section == .weights ? snapshot.weights.pointer : snapshot.momentum.pointer
        let count = min(Self.chunkElements, sectionCount - offset)
        let payload = Frame(copying: UnsafeRawBufferPointer(start: source + offset, count: count * 4))
        offset += count
        if offset == sectionCount {
            if section == .weights {
                section = .momentum
                offset = 0
            } else {
                isFinished = true
                chunk.last = true
                chunk.exponents = snapshot.exponents
            }
        }
        return (chunk, payload)
    }
}

/// Streams to several receivers, each as fast as it takes them.
struct StateSender {
    /// Bytes queued for a receiver beyond which it gets no more for now.
    static let queuedBytesMax = 8 << 20

    private var streams: [(remote: Remote, stream: StateStream)] = []

    var isIdle: Bool { streams.isEmpty }

    mutating func add(_ snapshot: StateSnapshot, to remote: Remote) {
        streams.append((remote, StateStream(snapshot)))
    }

    /// Sends what fits. `message` puts a chunk into its envelope.
    mutating func pump(
        _ switchboard: any Switchboard, message: (WireStateChunk) -> ControlMessage
    ) throws(TransportError) {
        for index in streams.indices {
            let remote = streams[index].remote
            while switchboard.queuedBytes(to: remote) < Self.queuedBytesMax,
                let (chunk, payload) = streams[index].stream.next()
            {
                do {
                    try switchboard.send([Frame(message(chunk).encoded()), payload], to: remote)
                } catch .unreachable {
                    // The receiver is gone; whoever watches it will say so.
                    streams[index].stream.abandon()
                }
            }
        }
        streams.removeAll { $0.stream.isFinished }
    }
}
