package import ClusterCore
package import Collective
package import Transport

/// A worker's replica as the sockets' thread sees it: commands go in, outputs come back through a mailbox.
package protocol ReplicaPort: AnyObject, Sendable {
    /// Never blocks; commands are carried out in order.
    func send(_ command: ReplicaCommand)

    /// Takes up to `count` shards of an attempt out that have not been started.
    func yield(step: Int, attempt: UInt32, count: Int) -> [Int]
}

package enum ReplicaCommand: Sendable {
    /// Open the data, and forget the replica unless it is to be kept.
    case prepare(WireWelcome, run: RunID)
    case load(WireLoadState)
    case chunk(WireStateChunk, Frame)
    /// A block of the reduced vector of a step that this replica is to apply.
    case history(BlockHeader, Frame)
    /// A feed came damaged: forget the state, and say so.
    case abandonFeed
    /// Compute the shards that are not held; each is answered by `.computed`. Blocks may go out as soon as
    /// nothing more of the share is added to them.
    case compute(StepWork, ReductionContext)
    /// Code what has not gone out in this generation.
    case contribute(StepWork, ReductionContext)
    case apply(step: Int, attempt: UInt32, GatheredSums)
    /// Code the parts of a reduced vector that this worker owns.
    case serve(StepWork, ReductionContext, GatheredSums)
    case evaluate(step: Int, shards: [Int])
    case weigh(step: Int)
    case reshape(step: Int, plan: String)
    case snapshot(step: Int, stream: Bool)
    /// Copy the state for a joining worker, and code every vector applied from now on.
    case feed(WireFeed)
    case endFeed(UInt64)
    /// Forget held sums, shards not started, exponents of attempts and a state that is not whole.
    case suspend
    case reportHeld
    case end
}

package enum ReplicaOutput: Sendable {
    case event(WorkerEvent)
    /// The vector that this phase's steps reduce, and how many shards a step has.
    case shaped(elements: Int, shards: Int)
    case contributions(Contributions)
    case served(Served)
    case snapshot(StateSnapshot)
    /// The state that a feed begins with.
    case feedState(feed: UInt64, StateSnapshot, digest: String)
    case history(HistoryVector)
    /// The replica does not read these sums any more.
    case released(GatheredSums)
}
