/// What a worker's machine tells its driver to do, in this order.
public enum WorkerDirective: Sendable {
    case send(ControlMessage)
    /// Open the data; unless the worker is to keep the replica that it holds, forget that. Answer with
    /// `.prepared`.
    case prepare(WireWelcome)
    /// Build the replica from the seed, or from the state whose chunks follow. Answer with `.prepared` when
    /// it is whole; a feed's vectors follow, and each that is applied is answered by `.prepared` as well.
    case loadState(WireLoadState)
    /// Have links to these peers and no others. What was under way in the generation before is stale.
    case connect([WireMember], generation: UInt64)
    /// Compute those of the shards whose sums the replica does not hold, and answer each with `.computed`.
    case compute(StepWork)
    /// The shards are computed and fit: send their sums to the owners of the parts. In a generation in which
    /// some of them went out already, only the others.
    case contribute(StepWork)
    /// The step is applied here, others lack it: send them this worker's parts of the reduced vector.
    case serve(StepWork)
    /// Hand back up to so many shards that have not been started. Answer with `.yielded`.
    case yield(step: Int, attempt: UInt32, count: Int)
    case apply(step: Int, attempt: UInt32)
    case evaluate(step: Int, shards: [Int])
    case weigh(step: Int)
    case reshape(step: Int, plan: String)
    /// Digest the state; when `stream`, send it as well.
    case snapshot(step: Int, stream: Bool)
    /// Start or stop a feed for a joining worker.
    case feed(WireFeed)
    /// The coordinator is gone, or this worker is no member any more: forget unstarted work, stop all feeds,
    /// and keep the replica.
    case suspend
    /// There is a coordinator again: say what the replica holds, once everything before is done, by `.held`.
    case reportHeld
    case exit(WorkerOutcome)
}

/// One attempt at one step in one generation, as one worker sees it.
public struct StepWork: Equatable, Sendable {
    public var step: Int
    public var attempt: UInt32
    public var generation: UInt64
    /// May be empty: the worker then only reduces.
    public var shards: [Int]
    /// The owner of each part.
    public var partOwners: [UInt32]
    /// Raise these exponents first, once an attempt: segment and the largest magnitude met.
    public var overflows: [WireOverflow]

    public init(
        step: Int, attempt: UInt32, generation: UInt64, shards: [Int], partOwners: [UInt32],
        overflows: [WireOverflow]
    ) {
        self.step = step
        self.attempt = attempt
        self.generation = generation
        self.shards = shards
        self.partOwners = partOwners
        self.overflows = overflows
    }
}

public enum WorkerOutcome: Equatable, Sendable {
    /// The run is over, or the worker left as told.
    case done(String)
    case failed(String)
}
