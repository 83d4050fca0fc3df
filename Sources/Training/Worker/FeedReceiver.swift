import ClusterCore

/// Which feed a joining worker takes: the newest of the launch, and none once it is a member.
struct FeedReceiver {
    private var run: RunID?
    /// The newest feed, and who sends it; nil when it came damaged.
    private var newest: UInt64 = 0
    private var source: [UInt8]?

    /// The head of a feed.
    /// - Returns: whether to take it.
    mutating func begins(_ feed: UInt64, from source: [UInt8], run: RunID) -> Bool {
        if self.run != run { (self.run, newest) = (run, 0) }
        guard feed > newest else { return false }
        (newest, self.source) = (feed, source)
        return true
    }

    /// Whether what follows the head belongs to the feed that is taken.
    func takes(_ feed: UInt64, from source: [UInt8]) -> Bool {
        feed == newest && source == self.source
    }

    /// Whether a sender's feed is being taken.
    func listens(to source: [UInt8]) -> Bool {
        source == self.source
    }

    /// Takes no more of this feed.
    mutating func end() { source = nil }
}
