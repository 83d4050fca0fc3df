import ClusterCore
import Collective
import Transport

extension WorkerNode {
    func perform(_ directive: WorkerDirective) throws {
        switch directive {
        case .send(let message): try send(message)
        case .prepare(let welcome):
            // Of an earlier launch, whose generations and steps look like this one's.
            _ = early.take()
            if let run = machine.run { replica.send(.prepare(welcome, run: run)) }
        case .loadState(let head): replica.send(.load(head))
        case .connect(let members, _): try connect(members)
        case .compute(let work): try begin(work)
        case .contribute(let work): contribute(work)
        case .serve(let work): serve(work)
        case .yield(let step, let attempt, let count):
            let shards = replica.yield(step: step, attempt: attempt, count: count)
            try tell(.yielded(step: step, attempt: attempt, shards: shards))
        case .apply(let step, let attempt): apply(step, attempt)
        case .evaluate(let step, let shards): replica.send(.evaluate(step: step, shards: shards))
        case .weigh(let step): replica.send(.weigh(step: step))
        case .reshape(let step, let plan):
            for number in feedSender.numbers { closeFeed(number) }
            replica.send(.reshape(step: step, plan: plan))
        case .snapshot(let step, let stream): replica.send(.snapshot(step: step, stream: stream))
        case .feed(let feed): try start(feed)
        case .suspend: suspend()
        case .reportHeld: replica.send(.reportHeld)
        case .exit(let outcome): self.outcome = outcome
        }
    }

    // MARK: Members

    private func connect(_ members: [WireMember]) throws {
        feedReceiver.end()
        sender.drop()
        reduction = nil
        let others = members.filter { $0.worker != machine.number }
        let closed = try peers.change(to: others) { member in
            // A worker that was fed until now has a link already, and no hub takes two of one identity.
            if let feed = feedSender.number(of: member), let link = feedSender.close(feed) {
                replica.send(.endFeed(feed))
                return link
            }
            return try switchboard.connect(member.dataEndpoint, identity: incarnation)
        }
        for link in closed { switchboard.close(link, flush: .zero) }
        for worker in peers.reachable { try tell(.peerConnected(worker)) }
        for member in others where damagedEarly.contains(Array(member.incarnation)) {
            try tell(.peerDamaged(member.worker))
        }
        damagedEarly = []
    }

    private func suspend() {
        feedReceiver.end()
        sender.drop()
        stateSender.drop()
        (reduction, gathered) = (nil, nil)
        _ = early.take()
        for number in feedSender.numbers { closeFeed(number) }
        replica.send(.suspend)
    }

    // MARK: A step

    private func begin(_ work: StepWork) throws {
        guard let run = machine.run, !work.partOwners.isEmpty else { return }
        let context = ReductionContext(
            run: run, generation: work.generation, worker: machine.number,
            partition: Partition(count: shape.elements, parts: work.partOwners.count), step: work.step,
            attempt: work.attempt, near: near)
        // A larger share in the same generation changes nothing for those that reduce.
        if reduction?.context != context { prepareReduction(context, work) }
        replica.send(.compute(work, context))
        try replayEarly()
    }

    /// Members that get their blocks as they are.
    private var near: Set<UInt32> {
        switch settings.coding {
        case .auto: peers.near(hello.dataEndpoint)
        case .on: []
        case .off: Set(peers.workers)
        }
    }

    private func prepareReduction(_ context: ReductionContext, _ work: StepWork) {
        let isLent = (gathered?.readers ?? 0) > 0
        gathered = nil
        if let reduction, !isLent,
            reduction.fits(context, elements: shape.elements, shards: shape.shards, owners: work.partOwners)
        {
            reduction.restart(context)
        } else {
            reduction = Reduction(
                context, elements: shape.elements, shards: shape.shards, owners: work.partOwners,
                others: peers.workers)
        }
    }

    private func contribute(_ work: StepWork) {
        guard let reduction, reduction.context.generation == work.generation,
            reduction.context.step == work.step, reduction.context.attempt == work.attempt
        else { return }
        replica.send(.contribute(work, reduction.context))
    }

    private func apply(_ step: Int, _ attempt: UInt32) {
        guard let reduction, reduction.isComplete, reduction.context.step == step,
            reduction.context.attempt == attempt
        else { return }
        let sums = reduction.gathered
        sums.readers += 1
        gathered = sums
        replica.send(.apply(step: step, attempt: attempt, sums))
    }

    private func serve(_ work: StepWork) {
        guard let run = machine.run, let gathered, gathered.step == work.step, !work.partOwners.isEmpty else {
            return
        }
        let context = ReductionContext(
            run: run, generation: work.generation, worker: machine.number,
            partition: Partition(count: gathered.count, parts: work.partOwners.count), step: work.step,
            attempt: work.attempt)
        gathered.readers += 1
        replica.send(.serve(work, context, gathered))
    }

    // MARK: Feeds

    private func start(_ feed: WireFeed) throws {
        if feed.cancel { return closeFeed(feed.feed) }
        let link = try switchboard.connect(feed.dataEndpoint, identity: incarnation)
        feedSender.open(feed, on: link)
        replica.send(.feed(feed))
    }

    func closeFeed(_ number: UInt64) {
        guard let link = feedSender.close(number) else { return }
        switchboard.close(link, flush: .zero)
        replica.send(.endFeed(number))
    }

    func endFeed(_ number: UInt64, _ reason: String) throws {
        closeFeed(number)
        var ended = WireFeedEnded()
        ended.feed = number
        ended.reason = reason
        try tell(.feedEnded(ended))
    }
}
