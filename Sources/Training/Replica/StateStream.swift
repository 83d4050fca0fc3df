import ClusterCore
import TensorCore
import Transport

/// A snapshot as a sequence of control messages, each with a frame of at most 1 MiB: weights, then moments.
/// The chunks are made when they are asked for.
struct StateStream {
    static let chunkElements = 1 << 18

    let snapshot: StateSnapshot
    /// The feed's number, 0 for none, and the state's digest for its receiver.
    private let feed: UInt64
    private let digest: String
    private var section = WireStateChunk.Section.weights
    private var offset = 0
    private(set) var isFinished = false

    init(_ snapshot: StateSnapshot, feed: UInt64 = 0, digest: String = "") {
        self.snapshot = snapshot
        self.feed = feed
        self.digest = digest
    }

    private var sectionCount: Int {
        section == .weights ? snapshot.weights.count : snapshot.moments.count
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
        chunk.feed = feed
        let source = section == .weights ? snapshot.weights.pointer : snapshot.moments.pointer
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
                chunk.digest = digest
            }
        }
        return (chunk, payload)
    }
}
