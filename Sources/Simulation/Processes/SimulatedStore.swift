import ClusterCore
import Training
import Transport

/// One launch's hand on the ``SimulatedDisk``. Whatever is written is compared with the reference run.
final class SimulatedStore: RunStore {
    let witness: Witness
    let disk: SimulatedDisk
    let events: Mailbox<CoordinatorEvent>
    private(set) var resume: SimulatedState?
    /// Cleared when the coordinator is killed.
    var isAlive = true
    private var writing: SimulatedState?

    init(_ witness: Witness, _ disk: SimulatedDisk, events: Mailbox<CoordinatorEvent>) {
        self.witness = witness
        self.disk = disk
        self.events = events
        resume = disk.checkpoints.last
    }

    var initialState: StateSnapshot? { resume?.snapshot }

    // MARK: The ledger

    func continueFrom(step: Int) {
        witness.note("the run goes on from step \(step); the ledger has \(disk.ledger.count)")
        guard disk.ledger.count > step else { return }
        disk.stepsLost += disk.ledger.count - step
        disk.ledger.removeLast(disk.ledger.count - step)
        disk.evaluations = disk.evaluations.filter { $0.key <= step }
    }

    func record(_ step: CommittedStep) {
        witness.note("committed \(step.step) in generation \(step.generation)")
        if step.step != disk.ledger.count + 1 {
            witness.violate("step \(step.step) was committed after step \(disk.ledger.count)")
        }
        disk.ledger.append(step)
        check(step)
    }

    private func check(_ step: CommittedStep) {
        guard witness.reference.steps.indices.contains(step.step - 1) else {
            return witness.violate("step \(step.step) was committed, beyond the end of the run")
        }
        let expected = witness.reference.steps[step.step - 1]
        let phase: Phase = step.step <= witness.reference.plan?.step ?? 0 ? .search : .converge
        if step.phase != phase { witness.violate("step \(step.step) was committed as one of \(step.phase)") }
        let shards = witness.training.schedule.shardsPerStep
        let computed = step.participants.values.flatMap { $0 }.sorted()
        if !computed.isEmpty, computed != Array(0..<shards) {
            witness.violate("the ledger says that step \(step.step) used shards \(computed)")
        }
        // What a dead coordinator did not write down is known only of the last step.
        guard !step.loss.isNaN else { return }
        if step.images != shards * SimulatedTraining.imagesPerShard {
            witness.violate("step \(step.step) was committed with \(step.images) images")
        }
        if step.loss != expected.metrics.loss || step.top1 != Int(expected.metrics.top1) {
            witness.violate("step \(step.step) was committed with metrics that are not its own")
        }
        if step.generation > 0, step.attempt != expected.attempt {
            witness.violate(
                "step \(step.step) took \(step.attempt + 1) attempts, not \(expected.attempt + 1)")
        }
    }

    func recordDigest(step: Int, digest: String) {
        let possible = [Phase.search, .converge].compactMap { witness.reference.state($0, step)?.digest }
        guard !possible.contains(digest) else { return }
        witness.violate("the ledger got digest \(digest) of step \(step), which is \(possible)")
    }

    func record(_ result: EvaluationResult) {
        guard let state = witness.reference.state(.converge, result.step) else {
            return witness.violate("step \(result.step) was evaluated, where no evaluation can be")
        }
        let counts = (0..<witness.training.schedule.evaluationShards).map {
            witness.training.counts(state, shard: $0)
        }
        let images = counts.reduce(0) { $0 + Int($1.images) }
        let loss = counts.reduce(0) { $0 + $1.lossSum } / Double(max(images, 1))
        if result.images != images || result.top1 != counts.reduce(0, { $0 + Int($1.top1) })
            || result.loss != loss
        {
            witness.violate("the evaluation of step \(result.step) is not that of its state")
        }
        disk.evaluations[result.step] = result
    }

    // MARK: The plan

    func decidePlan(_ vectors: [WireLatentValues], after step: Int) -> String? {
        if disk.plan != nil { witness.violate("the plan was decided a second time") }
        let plan = witness.training.plan(vectors, after: step)
        let isEnd = step == witness.reference.plan?.step
        if plan != (isEnd ? witness.reference.plan : nil) {
            witness.violate("after step \(step) the plan is not what it is without a cluster")
        }
        witness.moment(.planWanted)
        guard let plan else { return nil }
        disk.plan = plan
        witness.moment(.planDecided)
        return plan.json
    }

    // MARK: Checkpoints

    func openCheckpoint(_ request: CheckpointRequest) {
        var head = WireLoadState()
        head.step = UInt64(request.step)
        head.phase = request.phase.rawValue
        head.plan = request.phase == .search ? "" : disk.plan?.json ?? ""
        writing = SimulatedState(head)
        witness.moment(.checkpointOpened)
    }

    func append(_ chunk: WireStateChunk, _ payload: Frame) {
        guard var state = writing, chunk.step == UInt64(state.step) else { return }
        guard state.load(chunk, payload) else { return witness.violate("a checkpoint's chunk lies outside") }
        if chunk.last { state.exponent = UInt32(chunk.exponents) ?? 0 }
        writing = state
        witness.moment(.checkpointChunk)
        guard chunk.last else { return }
        writing = nil
        // Syncing and reading back take their time.
        witness.time.schedule(after: 12_000_000) { [weak self] in
            guard let self, isAlive else { return }
            witness.check(state, of: "the checkpoint")
            disk.keep(state)
            events.post(.checkpointWritten(step: state.step))
            witness.moment(.checkpointWritten)
        }
    }

    func abandonCheckpoint(step: Int) {
        if writing?.step == step { writing = nil }
    }

    func rewind() -> CoordinatorMachine.Resume? {
        resume = disk.checkpoints.last
        witness.moment(.rewound)
        return resume.map { CoordinatorMachine.Resume(step: $0.step, phase: $0.phase) }
    }

    func note(_ text: String) {
        witness.note("coordinator says: \(text)")
    }
}
