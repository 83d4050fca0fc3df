import ClusterCore

/// The same training without a cluster: what every replica must hold after every step, and what the ledger
/// must say.
package struct ReferenceRun: Sendable {
    struct Step: Sendable {
        var attempt: UInt32
        var metrics: WireStepMetrics
    }

    let training: SimulatedTraining
    /// What committing step i + 1 takes.
    private(set) var steps: [Step] = []
    private var search: [Int: SimulatedState] = [:]
    private var converge: [Int: SimulatedState] = [:]
    private(set) var plan: DecidedPlan?

    package init(_ training: SimulatedTraining) {
        self.training = training
        var state = training.initialState
        plan = training.firstPlan
        note(state)
        let schedule = training.schedule
        while true {
            if state.phase == .search, schedule.checkIsDue(after: state.step),
                let plan = training.plan(training.importance(state), after: state.step)
            {
                self.plan = plan
                state.reshape(plan.json)
                note(state)
            }
            guard state.step < schedule.lastStep(searchEnd: plan?.step) else { return }
            take(&state)
            note(state)
        }
    }

    /// The state after `step` steps; nil if a run never comes there.
    func state(_ phase: Phase, _ step: Int) -> SimulatedState? {
        phase == .search ? search[step] : converge[step]
    }

    /// How many steps the run has.
    var lastStep: Int { training.schedule.lastStep(searchEnd: plan?.step) }

    /// What a run ends with.
    package var final: SimulatedState {
        converge[lastStep] ?? search[lastStep]!
    }

    private mutating func note(_ state: SimulatedState) {
        if state.phase == .search { search[state.step] = state } else { converge[state.step] = state }
    }

    private mutating func take(_ state: inout SimulatedState) {
        let shards = 0..<training.schedule.shardsPerStep
        var attempt: UInt32 = 0
        while true {
            var largest: [UInt32: Float] = [:]
            for overflow in shards.flatMap({
                training.overflow(step: state.step, phase: state.phase, attempt: attempt, shard: $0)
            }) {
                largest[overflow.segment] = max(largest[overflow.segment] ?? 0, overflow.magnitude)
            }
            guard !largest.isEmpty else { break }
            attempt += 1
            state.raise(
                for: largest.sorted { $0.key < $1.key }.map { segment, magnitude in
                    var overflow = WireOverflow()
                    (overflow.segment, overflow.magnitude) = (segment, magnitude)
                    return overflow
                })
        }
        var total = [Int32](repeating: 0, count: training.elements(state.phase))
        for shard in shards {
            let sums = training.sums(state, shard: shard)
            for index in total.indices { total[index] += sums[index] }
        }
        let metrics = total.withUnsafeBufferPointer { vector in
            state.apply(vector)
            return training.metrics(vector)
        }
        steps.append(Step(attempt: attempt, metrics: metrics))
    }
}
