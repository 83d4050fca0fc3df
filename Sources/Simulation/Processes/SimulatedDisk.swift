import ClusterCore

/// The run folder: what outlives a coordinator.
final class SimulatedDisk {
    /// Run ids, the newest last.
    var launches: [RunID] = []
    /// Entry i is of the step that made i + 1.
    var ledger: [CommittedStep] = []
    var plan: DecidedPlan?
    /// Whole ones, the newest last; two are kept.
    var checkpoints: [SimulatedState] = []
    var evaluations: [Int: EvaluationResult] = [:]
    /// Steps that the ledger had and that had to be done again.
    var stepsLost = 0

    func keep(_ state: SimulatedState) {
        checkpoints.removeAll { $0.step == state.step }
        checkpoints.append(state)
        if checkpoints.count > 2 { checkpoints.removeFirst() }
    }
}
