/// The step in flight: who computes what, who has computed, who has applied.
struct StepBook: Sendable {
    var attempt: UInt32 = 0
    var begun: Duration = .zero
    /// When the first member was lost in this step.
    var lostAt: Duration?
    /// The shards whose sums each member holds or is to compute, this attempt.
    var shares: [UInt32: [Int]] = [:]
    /// The shares of each generation's round: whose sums a vector is made of.
    var rounds: [UInt64: [UInt32: [Int]]] = [:]
    /// The round whose vector is applied.
    var settled: UInt64?
    /// Shards that somebody has computed, and the largest magnitude by segment where they did not fit.
    var reported: Set<Int> = []
    var overflows: [UInt32: Float] = [:]
    /// What made this attempt necessary.
    var raised: [WireOverflow] = []
    var done: [UInt32: WireStepDone] = [:]
    /// Members that were asked to hand back shards and have not answered.
    var yielding: Set<UInt32> = []
    /// When each member last reported a shard, or began.
    var lastReport: [UInt32: Duration] = [:]
}

/// The evaluation in flight.
struct EvaluationBook: Sendable {
    var shares: [UInt32: [Int]] = [:]
    var results: [Int: WireShardCounts] = [:]
}

/// The checkpoint in flight.
struct SaveBook: Sendable {
    let step: Int
    /// Who streams the state.
    let saver: UInt32
    /// Members whose digests are to agree.
    var witnesses: Set<UInt32>
    var digests: [UInt32: String] = [:]
    var isWritten = false
}

/// A member has lost messages of another one.
struct PeerComplaint: Sendable {
    let by: UInt32
    let about: UInt32
    let since: Duration
}
