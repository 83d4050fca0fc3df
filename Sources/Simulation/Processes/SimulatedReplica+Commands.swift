import ClusterCore
import Collective
import Foundation
import Training
import Transport

extension SimulatedReplica {
    func perform(_ command: ReplicaCommand) {
        switch command {
        case .prepare(let welcome, let run): prepare(welcome, run)
        case .load(let head): load(head)
        case .chunk(let chunk, let payload): take(chunk, payload)
        case .history(let header, let payload): take(header, payload)
        case .abandonFeed: abandonFeed()
        case .contribute(let work, let context): contribute(work, context)
        case .apply(let step, let attempt, let sums): apply(step, attempt, sums)
        case .serve(let work, let context, let sums): serve(work, context, sums)
        case .evaluate(let step, let shards): evaluate(step, shards)
        case .weigh(let step): weigh(step)
        case .reshape(let step, let plan): reshape(step, plan)
        case .snapshot(let step, let stream): snapshot(step, stream)
        case .feed(let feed): begin(feed)
        case .endFeed(let feed): feeds.remove(feed)
        case .suspend: suspend()
        case .reportHeld: reportHeld()
        case .compute, .end: break
        }
    }

    // MARK: Preparing

    private func prepare(_ welcome: WireWelcome, _ run: RunID) {
        self.run = run
        feeds = []
        if !welcome.keep { forgetState() }
        announce(withDigest: true)
    }

    private func forgetState() {
        forgetAttempt()
        (state, sums, incoming, history) = (nil, nil, nil, nil)
        (heldRun, lastDone) = (nil, nil)
    }

    /// Says what this worker holds.
    private func announce(withDigest: Bool) {
        var ready = WireReady()
        if let state = held {
            ready.holds = true
            ready.step = UInt64(state.step)
            ready.phase = state.phase.rawValue
            if withDigest { ready.digest = state.digest }
            shape(state)
        }
        post(.event(.prepared(ready)))
    }

    private func shape(_ state: SimulatedState) {
        post(
            .shaped(
                elements: witness.training.elements(state.phase),
                shards: witness.training.schedule.shardsPerStep))
    }

    private func makeSums(_ state: SimulatedState) {
        forgetAttempt()
        sums = try? HeldSums(count: witness.training.elements(state.phase))
    }

    // MARK: States from elsewhere

    private func load(_ head: WireLoadState) {
        forgetState()
        var loaded = head.fromSeed ? witness.training.initialState : SimulatedState(head)
        loaded.plan = head.plan
        state = loaded
        makeSums(loaded)
        if head.fromSeed { return adopt() }
        incoming = IncomingState(
            head, weights: SimulatedState.floatCount, moments: SimulatedState.floatCount)
    }

    /// The state has become whole.
    private func adopt() {
        heldRun = run
        incoming = nil
        if let state { witness.check(state, of: name) }
        announce(withDigest: true)
        witness.moment(.stateLoaded)
    }

    private func take(_ chunk: WireStateChunk, _ payload: Frame) {
        guard incoming != nil, state != nil else { return expectVector(chunk) }
        guard incoming!.take(chunk, elements: payload.count / 4), state!.load(chunk, payload) else {
            return refuse("a chunk lies outside of the state, or one is missing", feed: chunk.feed)
        }
        guard chunk.last else { return }
        guard chunk.digest.isEmpty || chunk.digest == state!.snapshot.digest else {
            return refuse("the state is not the one that was sent", feed: chunk.feed)
        }
        adopt()
    }

    private func refuse(_ problem: String, feed: UInt64) {
        guard feed != 0 else { return fail("got a state from the coordinator of which \(problem)") }
        abandonFeed()
    }

    private func abandonFeed() {
        witness.note("\(name) gives up a feed")
        forgetState()
        announce(withDigest: false)
    }

    private func expectVector(_ chunk: WireStateChunk) {
        guard let state = held, chunk.feed != 0, chunk.step == UInt64(state.step) else { return }
        guard let exponent = UInt32(chunk.exponents) else { return abandonFeed() }
        historyExponent = exponent
        let elements = witness.training.elements(state.phase)
        if history?.elements != elements { history = IncomingVector(elements: elements) }
        history?.begin(step: state.step)
    }

    private func take(_ header: BlockHeader, _ payload: Frame) {
        guard var state = held, let history, history.step == state.step, header.step == UInt64(state.step)
        else { return }
        let isWhole: Bool
        do {
            isWhole = try payload.withUnsafeBytes { bytes throws(CollectiveError) in
                try history.take(header, bytes)
            }
        } catch {
            return abandonFeed()
        }
        guard isWhole else { return }
        history.end()
        state.exponent = historyExponent
        var done = WireStepDone()
        done.step = header.step
        done.metrics = witness.training.metrics(history.values)
        state.apply(history.values)
        forgetAttempt()
        self.state = state
        (heldRun, lastDone) = (run, done)
        witness.check(state, of: name)
        announce(withDigest: false)
        witness.moment(.historyApplied)
    }

    // MARK: A step

    private func contribute(_ work: StepWork, _ context: ReductionContext) {
        guard let sums, attempt == work.attempt, held?.step == work.step,
            sums.shards.isSubset(of: ShardSet(work.shards)),
            let unsent = sums.takeUnsent(
                generation: witness.mutation == .sendsOnce ? 1 : context.generation)
        else { return }
        // After the call above the first vector holds everything, under the mutation also twice.
        let vector = witness.mutation == .contributesTwice ? sums.vector : unsent.vector
        post(
            .contributions(
                context.contributions(of: vector, shards: unsent.shards, owners: work.partOwners, pool: nil)))
    }

    private func apply(_ step: Int, _ attempt: UInt32, _ gathered: GatheredSums) {
        defer { post(.released(gathered)) }
        guard held(at: step, to: "apply") != nil, var state = stateOfAttempt else { return }
        let exponents = "\(state.exponent)"
        var done = WireStepDone()
        done.step = UInt64(step)
        done.attempt = attempt
        gathered.withSums { vector in
            done.metrics = witness.training.metrics(vector)
            state.apply(vector)
        }
        done.bytesSent = gathered.bytesSent
        done.bytesUncoded = gathered.bytesUncoded
        self.state = state
        (heldRun, lastDone) = (run, done)
        forgetAttempt()
        witness.note("\(name) applied step \(step), attempt \(attempt)")
        witness.check(state, of: name)
        post(.event(.applied(done)))
        if !feeds.isEmpty {
            gathered.withSums {
                post(.history(HistoryVector(step: step, exponents: exponents, vector: $0, pool: nil)))
            }
        }
        witness.moment(.stepApplied)
    }

    private func serve(_ work: StepWork, _ context: ReductionContext, _ gathered: GatheredSums) {
        let shards = witness.training.schedule.shardsPerStep
        post(
            .served(
                gathered.withSums {
                    context.served($0, shards: shards, owners: work.partOwners, pool: nil)
                }))
        post(.released(gathered))
        witness.moment(.served)
    }

    // MARK: Between steps

    private func evaluate(_ step: Int, _ shards: [Int]) {
        guard !shards.isEmpty else { return }
        guard let state = held(at: step, to: "evaluate") else { return }
        var evaluated = WireEvaluated()
        evaluated.step = UInt64(step)
        evaluated.shards = shards.map { witness.training.counts(state, shard: $0) }
        post(.event(.evaluated(evaluated)))
    }

    private func weigh(_ step: Int) {
        guard let state = held(at: step, to: "weigh") else { return }
        var importance = WireImportance()
        importance.step = UInt64(step)
        importance.vectors = state.phase == .search ? witness.training.importance(state) : []
        post(.event(.weighed(importance)))
    }

    private func reshape(_ step: Int, _ plan: String) {
        guard var state = held(at: step, to: "reshape") else { return }
        if state.phase == .search {
            state.reshape(plan)
            self.state = state
            witness.check(state, of: name)
            makeSums(state)
        }
        feeds = []
        shape(state)
        var reshaped = WireReshaped()
        reshaped.step = UInt64(step)
        reshaped.digest = state.digest
        post(.event(.reshaped(reshaped)))
        witness.moment(.reshaped)
    }

    private func snapshot(_ step: Int, _ stream: Bool) {
        guard let state = held(at: step, to: "copy") else { return }
        if stream { post(.snapshot(state.snapshot)) }
        var digest = WireStateDigest()
        digest.step = UInt64(step)
        digest.digest = state.digest
        post(.event(.digested(digest)))
    }

    private func begin(_ feed: WireFeed) {
        guard let state = held else { return fail("was asked for a feed and has no state") }
        guard feed.step == UInt64(state.step) else {
            var ended = WireFeedEnded()
            ended.feed = feed.feed
            ended.reason = "the replica is at step \(state.step), not \(feed.step)"
            return post(.event(.feedEnded(ended)))
        }
        feeds.insert(feed.feed)
        // The digest takes its time on a thread of its own.
        witness.time.schedule(after: 700_000) { [weak self] in
            guard let self, !isEnded else { return }
            let snapshot = state.snapshot
            post(.feedState(feed: feed.feed, snapshot, digest: snapshot.digest))
        }
        witness.moment(.feedStarted)
    }

    // MARK: Without a coordinator

    private func suspend() {
        if witness.mutation == .keepsRaisedExponents, let state = stateOfAttempt { self.state = state }
        feeds = []
        if incoming != nil { forgetState() }
        history = nil
        forgetAttempt()
        witness.moment(.suspended)
    }

    private func reportHeld() {
        guard let state = held, let heldRun else { return post(.event(.held(nil))) }
        var held = WireHeld()
        held.run = Data(heldRun.bytes)
        held.step = UInt64(state.step)
        held.phase = state.phase.rawValue
        if let lastDone { held.last = lastDone }
        post(.event(.held(held)))
    }
}
