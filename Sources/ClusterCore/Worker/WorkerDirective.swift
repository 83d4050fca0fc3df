/// What a worker's machine tells its driver to do, in this order.
public enum WorkerDirective: Sendable {
    case send(ControlMessage)
    /// Build the replica; from the recipe's seed, or from the state whose chunks follow.
    case prepare(WireWelcome)
    /// The head of that state.
    case loadState(WireLoadState)
    /// Open links to these peers, and forget the ones of the generation before.
    case connect([WireMember], generation: UInt64)
    case compute(StepWork)
    /// The shards are computed and fit: send them to the owners of the parts.
    case contribute(step: Int, attempt: UInt32)
    case apply(step: Int, attempt: UInt32)
    case evaluate(step: Int, shards: [Int])
    case weigh(step: Int)
    case reshape(step: Int, plan: String)
    /// Digest the state; when `stream`, send it as well.
    case snapshot(step: Int, stream: Bool)
    case exit(WorkerOutcome)
}

/// One attempt at one step, as one worker sees it.
public struct StepWork: Equatable, Sendable {
    public var step: Int
    public var attempt: UInt32
    /// May be empty: the worker then only reduces.
    public var shards: [Int]
    /// The owner of each part.
    public var partOwners: [UInt32]
    /// Raise these exponents first: segment and the largest magnitude met.
    public var overflows: [WireOverflow]
}

public enum WorkerOutcome: Equatable, Sendable {
    /// The run is over, or the worker left as told.
    case done(String)
    case failed(String)
}
