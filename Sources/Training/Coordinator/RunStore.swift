package import ClusterCore
package import Transport

/// Where a run is kept: its ledger and metrics, its plan, its checkpoints. Files, or memory in a simulation.
package protocol RunStore: AnyObject {
    /// The state that workers are given to start from; nil: the seed's.
    var initialState: StateSnapshot? { get throws }

    /// The run goes on from here: drops what ledger and metrics say of later steps.
    func continueFrom(step: Int) throws
    func record(_ step: CommittedStep) throws
    func recordDigest(step: Int, digest: String) throws
    func record(_ result: EvaluationResult) throws

    /// Decides the plan from the latent vectors after `step` steps, and stores it durably before it returns.
    /// - Returns: JSON; nil where the search is to go on.
    func decidePlan(_ vectors: [WireLatentValues], after step: Int) throws -> String?

    /// A checkpoint is about to arrive in chunks.
    func openCheckpoint(_ request: CheckpointRequest) throws
    /// With the last chunk on disk and read back, `.checkpointWritten` goes to the node's events.
    func append(_ chunk: WireStateChunk, _ payload: Frame)
    func abandonCheckpoint(step: Int)

    /// Makes the newest checkpoint the initial state; the seed's if there is none.
    func rewind() throws -> CoordinatorMachine.Resume?

    /// Tells people.
    func note(_ text: String)
}

/// Which state is to be written, and what its manifest says of the run.
package struct CheckpointRequest: Equatable, Sendable {
    package var step: Int
    package var phase: Phase
    package var instructionLevel: String?
    package var denseAlgebra: String?
}
