import ClusterCore

extension Prediction {
    func perform(_ directive: WorkerDirective, of index: Int) {
        switch directive {
        case .send(let message): send(message, from: workers[index].identity)
        case .prepare: tell(.prepared(WireReady()), to: index, after: 1)
        case .loadState: hold(step: 0, index)
        case .compute(let work): compute(work, index)
        case .contribute(let work): contribute(work)
        case .serve(let work): serve(work)
        case .yield(let step, let attempt, let count): yield(step, attempt, count, index)
        case .apply(let step, let attempt): apply(step, attempt, index)
        case .feed(let feed): begin(feed, index)
        case .suspend: workers[index].queue = []
        default: break
        }
    }

    private func send(_ message: ControlMessage, from identity: [UInt8]) {
        var message = message
        if case .heartbeat(var heartbeat) = message.body {
            // A million connections are not worth an event each: all members reach each other.
            heartbeat.unreachable = []
            message = ControlMessage(
                run: message.run, generation: message.generation, body: .heartbeat(heartbeat))
        }
        after(costs.latencySeconds) { [weak self] in self?.tell(.message(message, sender: identity)) }
    }

    private func hold(step: Int, _ index: Int) {
        workers[index].step = step
        var ready = WireReady()
        ready.holds = true
        ready.step = UInt64(step)
        ready.phase = Phase.converge.rawValue
        tell(.prepared(ready), to: index)
    }

    // MARK: A step

    private func compute(_ work: StepWork, _ index: Int) {
        if workers[index].work?.step != work.step || workers[index].work?.attempt != work.attempt {
            workers[index].held = []
        }
        workers[index].work = work
        workers[index].queue = work.shards.filter {
            !workers[index].held.contains($0) && $0 != workers[index].inHand
        }
        if workers[index].inHand == nil { computeNext(index) }
    }

    private func computeNext(_ index: Int) {
        guard let work = workers[index].work, !workers[index].queue.isEmpty else { return }
        let shard = workers[index].queue.removeFirst()
        workers[index].inHand = shard
        let (life, seconds) = (workers[index].life, costs.secondsPerShard * workers[index].slowness)
        after(seconds) { [weak self] in
            guard let self, workers[index].life == life else { return }
            workers[index].inHand = nil
            workers[index].held.insert(shard)
            var computed = WireComputed()
            computed.step = UInt64(work.step)
            computed.attempt = work.attempt
            computed.shards = [UInt32(shard)]
            computed.seconds = seconds
            tell(.computed(computed), to: index)
            computeNext(index)
        }
    }

    private func yield(_ step: Int, _ attempt: UInt32, _ count: Int, _ index: Int) {
        let given = Array(workers[index].queue.suffix(count))
        workers[index].queue.removeLast(given.count)
        tell(.yielded(step: step, attempt: attempt, shards: given), to: index)
    }

    /// With the last contribution the reduction begins that brings the vector to all members.
    private func contribute(_ work: StepWork) {
        let key = RoundKey(generation: work.generation, step: work.step, attempt: work.attempt)
        if rounds[key] == nil { rounds = rounds.filter { $0.key.step >= work.step } }
        rounds[key, default: []].formUnion(work.shards)
        guard rounds[key]!.count == costs.shards else { return }
        gather(key, after: costs.reduceSeconds(members: coordinator.members.count))
    }

    private func serve(_ work: StepWork) {
        let key = RoundKey(generation: work.generation, step: work.step, attempt: work.attempt)
        guard rounds[key] == nil else { return }
        rounds[key] = []
        gather(key, after: costs.reduceSeconds(members: coordinator.members.count) / 2)
    }

    private func gather(_ key: RoundKey, after seconds: Double) {
        after(seconds) { [weak self] in
            guard let self else { return }
            for index in workers.indices where workers[index].machine?.generation == key.generation {
                tell(.gathered(step: key.step, attempt: key.attempt), to: index)
            }
        }
    }

    private func apply(_ step: Int, _ attempt: UInt32, _ index: Int) {
        var done = WireStepDone()
        done.step = UInt64(step)
        done.attempt = attempt
        let life = workers[index].life
        after(costs.applySeconds) { [weak self] in
            guard let self, workers[index].life == life else { return }
            workers[index].step = step + 1
            tell(.applied(done), to: index)
            for feed in workers[index].feeds.values { history(step, to: feed) }
        }
    }

    // MARK: Feeds

    private func begin(_ feed: WireFeed, _ index: Int) {
        if feed.cancel {
            workers[index].feeds[feed.feed] = nil
            return
        }
        workers[index].feeds[feed.feed] = feed.worker
        let (step, life) = (Int(feed.step), workers[index].life)
        after(costs.stateSeconds) { [weak self] in
            guard let self, workers[index].life == life, let joiner = joiner(feed.worker) else { return }
            hold(step: step, joiner)
            // What was committed meanwhile follows.
            for missed in step..<max(step, workers[index].step) { history(missed, to: feed.worker) }
        }
    }

    private func joiner(_ number: UInt32) -> Int? {
        workers.firstIndex { $0.machine?.number == number && $0.machine?.isMember == false }
    }

    private func history(_ step: Int, to number: UInt32) {
        after(costs.vectorSeconds) { [weak self] in
            guard let self, let joiner = joiner(number), workers[joiner].step == step else { return }
            hold(step: step + 1, joiner)
        }
    }
}
