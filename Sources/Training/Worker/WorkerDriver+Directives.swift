import ClusterCore
import Collective

extension WorkerDriver {
    func perform(_ directive: WorkerDirective) throws {
        switch directive {
        case .send(let message): try send(message)
        case .prepare(let welcome): replica.send(.prepare(welcome))
        case .loadState(let head): replica.send(.load(head))
        case .connect(let members, _): try connect(members)
        case .compute(let work): try begin(work)
        case .contribute: contribute()
        case .apply(let step, let attempt):
            guard let reduction else { return }
            replica.send(.apply(step: step, attempt: attempt, reduction.gathered))
        case .evaluate(let step, let shards): replica.send(.evaluate(step: step, shards: shards))
        case .weigh(let step): replica.send(.weigh(step: step))
        case .reshape(let step, let plan): replica.send(.reshape(step: step, plan: plan))
        case .snapshot(let step, let stream): replica.send(.snapshot(step: step, stream: stream))
        case .exit(let outcome): self.outcome = outcome
        }
    }

    private func begin(_ work: StepWork) throws {
        guard let run = machine.run else { return }
        self.work = work
        let context = ReductionContext(
            run: run, generation: machine.generation, worker: machine.number,
            partition: Partition(count: shape.elements, parts: work.partOwners.count), step: work.step,
            attempt: work.attempt)
        if let reduction,
            reduction.serves(context, elements: shape.elements, shards: shape.shards, owners: work.partOwners)
        {
            reduction.restart(context)
        } else {
            reduction = Reduction(
                context, elements: shape.elements, shards: shape.shards, owners: work.partOwners,
                others: peers.keys.sorted())
        }
        replica.send(.compute(work))
        try replayEarly()
    }

    private func contribute() {
        guard let work, let reduction else { return }
        replica.send(.contribute(work, reduction.context))
    }

    func take(_ output: ReplicaThread.Output) throws {
        switch output {
        case .event(let event):
            try tell(event)
            if case .computed = event { try checkGathered() }
        case .shaped(let elements, let shards): shape = (elements, shards)
        case .snapshot(let snapshot): streamState(snapshot)
        case .contributions(let contributions):
            guard let reduction, reduction.context.step == contributions.step,
                reduction.context.attempt == contributions.attempt
            else { return }
            do {
                try sendOut(reduction.contribute(contributions))
            } catch let error as CollectiveError {
                return try tell(.failed(reason: "\(error)"))
            }
            try checkGathered()
        }
    }
}
