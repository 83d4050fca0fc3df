import ClusterCore
import Transport

/// Streams states to several receivers, each as fast as it takes them.
struct StateSender {
    /// Bytes queued for a receiver beyond which it gets no more for now.
    static let queuedBytesMax = 8 << 20

    private var streams: [(remote: Remote, stream: StateStream)] = []

    var isIdle: Bool { streams.isEmpty }

    mutating func add(_ snapshot: StateSnapshot, to remote: Remote) {
        streams.append((remote, StateStream(snapshot)))
    }

    /// A receiver is gone, or everything is stale: nil.
    mutating func drop(_ remote: Remote? = nil) {
        streams.removeAll { remote == nil || $0.remote == remote }
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
