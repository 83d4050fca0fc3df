import ClusterCore
import Transport

/// The feeds that this worker sends: to each joining worker the state of one step, then the reduced vector of
/// every later step, on a link of its own, as fast as it takes them.
struct FeedSender {
    /// Bytes queued for a receiver beyond which it gets no more for now.
    private static let queuedBytesMax = 8 << 20
    /// Bytes of vectors that may wait for a receiver.
    let waitingBytesMax: Int

    private struct Feed {
        let order: WireFeed
        let link: LinkID
        /// Nil until the state is copied and digested.
        var stream: StateStream?
        var isHeadDue = true
        /// What follows the state.
        var waiting: [[Frame]] = []
        var waitingBytes = 0
    }

    private var feeds: [UInt64: Feed] = [:]

    init(waitingBytesMax: Int = 256 << 20) {
        self.waitingBytesMax = waitingBytesMax
    }

    var numbers: [UInt64] { feeds.keys.sorted() }

    /// The feed whose receiver is reached by a link.
    func number(of link: LinkID) -> UInt64? {
        feeds.first { $0.value.link == link }?.key
    }

    /// The feed of a worker.
    func number(of member: WireMember) -> UInt64? {
        feeds.first { $0.value.order.worker == member.worker }?.key
    }

    mutating func open(_ order: WireFeed, on link: LinkID) {
        feeds[order.feed] = Feed(order: order, link: link)
    }

    /// Ends a feed.
    /// - Returns: its link, to be closed or used for something else.
    mutating func close(_ number: UInt64) -> LinkID? {
        feeds.removeValue(forKey: number)?.link
    }

    /// The state that a feed begins with.
    mutating func begin(_ number: UInt64, _ snapshot: StateSnapshot, digest: String) {
        feeds[number]?.stream = StateStream(snapshot, feed: number, digest: digest)
    }

    /// A vector that this worker has applied, for all feeds that began before.
    /// - Returns: the feeds whose receivers are too slow.
    mutating func add(
        _ vector: HistoryVector, run: RunID, envelope: (ControlMessage.Body) -> ControlMessage
    ) -> [UInt64] {
        var slow: [UInt64] = []
        for number in feeds.keys.sorted() where UInt64(vector.step) >= feeds[number]!.order.step {
            feeds[number]!.waiting += vector.messages(feed: number, run: run, envelope: envelope)
            feeds[number]!.waitingBytes += vector.byteCount
            if feeds[number]!.waitingBytes > waitingBytesMax { slow.append(number) }
        }
        return slow
    }

    /// Sends what fits. `envelope` makes control messages of this run.
    mutating func pump(
        _ switchboard: any Switchboard, envelope: (ControlMessage.Body) -> ControlMessage
    ) throws(TransportError) {
        for number in feeds.keys.sorted() {
            guard var feed = feeds.removeValue(forKey: number) else { continue }
            defer { feeds[number] = feed }
            let remote = Remote.link(feed.link)
            while switchboard.queuedBytes(to: remote) < Self.queuedBytesMax,
                let frames = Self.next(&feed, number, envelope)
            {
                try switchboard.send(frames, to: remote)
            }
        }
    }

    private static func next(
        _ feed: inout Feed, _ number: UInt64, _ envelope: (ControlMessage.Body) -> ControlMessage
    ) -> [Frame]? {
        guard let snapshot = feed.stream?.snapshot else { return nil }
        if feed.isHeadDue {
            feed.isHeadDue = false
            return [Frame(envelope(.loadState(snapshot.head(feed: number))).encoded())]
        }
        if let (chunk, payload) = feed.stream?.next() {
            return [Frame(envelope(.stateChunk(chunk)).encoded()), payload]
        }
        guard !feed.waiting.isEmpty else { return nil }
        let frames = feed.waiting.removeFirst()
        feed.waitingBytes -= frames.last?.count ?? 0
        return frames
    }
}
