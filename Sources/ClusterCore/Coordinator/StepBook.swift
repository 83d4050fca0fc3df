/// The step in flight: who has computed, who has applied.
struct StepBook: Sendable {
    var attempt: UInt32 = 0
    var begun: Duration = .zero
    /// Workers that compute, and those of them that have reported.
    var assigned: Set<UInt32> = []
    var computed: Set<UInt32> = []
    /// The largest magnitude by segment.
    var overflows: [UInt32: Float] = [:]
    var done: [UInt32: WireStepDone] = [:]
}

/// The evaluation in flight.
struct EvaluationBook: Sendable {
    var assigned: Set<UInt32> = []
    var results: [UInt32: WireEvaluated] = [:]
}
