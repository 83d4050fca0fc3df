/// What the coordinator's machine tells its driver to do, in this order.
public enum CoordinatorDirective: Sendable {
    case send(ControlMessage, to: [UInt8])
    /// The run goes on from here: whatever the ledger and the metrics say of later steps did not happen.
    case continueFrom(step: Int)
    /// Give this worker the state that the run is at: that of the checkpoint it resumes from, or the seed's.
    case sendInitialState(to: [UInt8])
    /// A step is committed: into the ledger and the metrics.
    case record(CommittedStep)
    /// All replicas report this digest of the state after `step`: into the ledger.
    case recordDigest(step: Int, digest: String)
    case recordEvaluation(EvaluationResult)
    /// Decide from the latent vectors: a plan, to store durably and to answer with `.planDecided`; or
    /// `.searchGoesOn`, unless the search has taken all its steps. The same answer whenever it is asked.
    case decidePlan(step: Int, vectors: [WireLatentValues])
    /// A checkpoint of this step is about to arrive in chunks from this worker.
    case receiveCheckpoint(step: Int, phase: Phase, from: [UInt8])
    /// The rest of that checkpoint will not come.
    case abandonCheckpoint(step: Int)
    /// No replica is left: open the newest checkpoint again. Answer with `.rewound`.
    case rewind
    case log(String)
    case finish(RunOutcome)
}

/// search: hypernetwork in place; converge: plain weights.
public enum Phase: String, Codable, CaseIterable, Sendable {
    case search, converge
}

public struct CommittedStep: Equatable, Sendable {
    /// The number of committed steps, this one included.
    public var step: Int
    public var phase: Phase
    public var generation: UInt64
    public var attempt: UInt32
    /// Who computed which shards; empty where the coordinator died before it wrote this down.
    public var participants: [UInt32: [Int]]
    public var loss: Double
    public var top1: Int
    public var top5: Int
    public var images: Int
    /// Payload of all workers' data messages, and the same as plain fp32.
    public var bytesSent: UInt64
    public var bytesUncoded: UInt64
    /// From the step's first message to its commit.
    public var seconds: Double
    /// From the first loss of a member in this step to its commit; nil if there was none.
    public var recoverySeconds: Double?
}

public struct EvaluationResult: Equatable, Sendable {
    public var step: Int
    public var loss: Double
    public var top1: Int
    public var top5: Int
    public var images: Int
}

public enum RunOutcome: Equatable, Sendable {
    case done
    /// Stopped before the end, with a checkpoint of this step.
    case preempted(step: Int, reason: String)
    case failed(String)
}
