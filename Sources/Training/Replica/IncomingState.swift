package import ClusterCore

/// How far a state that arrives in chunks has come. Chunks come in order: weights, then moments.
package struct IncomingState {
    /// The feed's number; 0: from the coordinator.
    package let feed: UInt64
    package let step: UInt64
    /// Elements of each section.
    private let counts: [WireStateChunk.Section: Int]
    private var taken: [WireStateChunk.Section: Int] = [.weights: 0, .momentum: 0]

    package init(_ head: WireLoadState, weights: Int, moments: Int) {
        feed = head.feed
        step = head.step
        counts = [.weights: weights, .momentum: moments]
    }

    /// - Returns: false if this chunk is not the one that follows.
    package mutating func take(_ chunk: WireStateChunk, elements: Int) -> Bool {
        guard chunk.feed == feed, chunk.step == step, let before = taken[chunk.section],
            let count = counts[chunk.section], chunk.offset == UInt64(before), elements <= count - before
        else { return false }
        taken[chunk.section] = before + elements
        return !chunk.last || taken == counts
    }
}
