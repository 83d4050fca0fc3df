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
        var ready = WireReady()
        if welcome.keep, let state {
            forgetAttempt()
            describe(state, in: &ready)
        } else {
            forget()
        }
        post(.event(.prepared(ready)))
    }

    private func describe(_ state: SimulatedState, in ready: inout WireReady) {
        ready.holds = true
        ready.step = UInt64(state.step)
        ready.phase = state.phase.rawValue
        ready.digest = state.digest
    }

    private func forget() {
        forgetAttempt()
        (state, sums, last, loading, joining) = (nil, nil, nil, nil, nil)
        feeds = []
    }

    /// Takes over a state that has become whole.
    private func adopt(_ state: SimulatedState) {
        witness.check(state, of: name)
        self.state = state
        last = nil
        shape(state)
        var ready = WireReady()
        describe(state, in: &ready)
        post(.event(.prepared(ready)))
        witness.moment(.stateLoaded)
    }

    private func shape(_ state: SimulatedState) {
        forgetAttempt()
        let elements = witness.training.elements(state.phase)
        sums = try? HeldSums(count: elements)
        post(.shaped(elements: elements, shards: witness.training.schedule.shardsPerStep))
    }

    private func load(_ head: WireLoadState) {
        let run = run
        forget()
        self.run = run
        if head.fromSeed { return adopt(witness.training.initialState) }
        loading = (head, SimulatedState(head))
    }

    private func take(_ chunk: WireStateChunk, _ payload: Frame) {
        if payload.isEmpty, let joining, joining.feed == chunk.feed {
            // Not a piece of the state, but the exponents of the vector that follows.
            self.joining?.begin(chunk, elements: witness.training.elements(state?.phase ?? .converge))
            return
        }
        guard var (head, loaded) = loading, chunk.feed == head.feed, chunk.step == head.step else { return }
        guard loaded.load(chunk, payload) else { return spoil("a chunk lies outside of the state") }
        if chunk.last, let exponent = UInt32(chunk.exponents) { loaded.exponent = exponent }
        loading = (head, loaded)
        guard chunk.last else { return }
        loading = nil
        guard chunk.digest.isEmpty || chunk.digest == loaded.digest else {
            return spoil("the state is not the one that was sent")
        }
        if head.feed > 0 { joining = JoinedHistory(feed: head.feed) }
        head.plan = ""
        adopt(loaded)
    }

    private func take(_ header: BlockHeader, _ payload: Frame) {
        guard var joining, joining.feed == header.generation, var state,
            header.step == UInt64(state.step)
        else { return }
        do {
            guard try joining.take(header, payload) else {
                self.joining = joining
                return
            }
        } catch {
            return spoil("a vector came damaged")
        }
        state.exponent = joining.exponent
        joining.withVector { vector in state.apply(vector) }
        self.joining = joining
        self.state = state
        witness.check(state, of: name)
        var ready = WireReady()
        describe(state, in: &ready)
        ready.digest = ""
        post(.event(.prepared(ready)))
        witness.moment(.historyApplied)
    }

    /// What a feed brought is of no use: the coordinator orders another.
    private func spoil(_ reason: String) {
        witness.note("\(name) forgets its state: \(reason)")
        let run = run
        forget()
        self.run = run
        post(.event(.prepared(WireReady())))
    }

    // MARK: A step

    private func contribute(_ work: StepWork, _ context: ReductionContext) {
        guard let sums, attempt == work.attempt, state?.step == work.step else { return }
        guard let unsent = sums.takeUnsent(generation: work.generation) else { return }
        // After the call above the first vector holds everything, under the mutation also twice.
        let vector = witness.mutation == .contributesTwice ? sums.vector : unsent.vector
        post(
            .contributions(
                context.contributions(of: vector, shards: unsent.shards, owners: work.partOwners, pool: nil)))
    }

    private func apply(_ step: Int, _ attempt: UInt32, _ gathered: GatheredSums) {
        guard var state = stateOfAttempt, state.step == step else {
            return fail("holds step \(state?.step ?? -1) and was asked to apply step \(step)")
        }
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
        last = done
        forgetAttempt()
        witness.note("\(name) applied step \(step), attempt \(attempt)")
        witness.check(state, of: name)
        post(.event(.applied(done)))
        if !feeds.isEmpty {
            gathered.withSums {
                post(.history(HistoryVector(step: step, exponents: exponents, vector: $0, pool: nil)))
            }
        }
        post(.released(gathered))
        witness.moment(.stepApplied)
    }

    private func serve(_ work: StepWork, _ context: ReductionContext, _ gathered: GatheredSums) {
        let shards = witness.training.schedule.shardsPerStep
        post(
            .served(
                gathered.withSums {
                    context.served($0, shards: shards, owners: work.partOwners, pool: nil)
                }))
        witness.moment(.served)
    }

    // MARK: Between steps

    private func evaluate(_ step: Int, _ shards: [Int]) {
        guard !shards.isEmpty else { return }
        guard let state else { return fail("was asked to evaluate step \(step) without a state") }
        var evaluated = WireEvaluated()
        evaluated.step = UInt64(step)
        evaluated.shards = shards.map { witness.training.counts(state, shard: $0) }
        post(.event(.evaluated(evaluated)))
    }

    private func weigh(_ step: Int) {
        guard let state else { return fail("was asked to weigh step \(step) without a state") }
        var importance = WireImportance()
        importance.step = UInt64(step)
        importance.vectors = state.phase == .search ? witness.training.importance(state) : []
        post(.event(.weighed(importance)))
    }

    private func reshape(_ step: Int, _ plan: String) {
        guard var state else { return fail("was asked to reshape step \(step) without a state") }
        if state.phase == .search {
            state.reshape(plan)
            self.state = state
            feeds = []
            witness.check(state, of: name)
            shape(state)
        }
        var reshaped = WireReshaped()
        reshaped.step = UInt64(step)
        reshaped.digest = state.digest
        post(.event(.reshaped(reshaped)))
        witness.moment(.reshaped)
    }

    private func snapshot(_ step: Int, _ stream: Bool) {
        guard let state else { return fail("was asked for the state of step \(step) and has none") }
        if stream { post(.snapshot(state.snapshot)) }
        var digest = WireStateDigest()
        digest.step = UInt64(step)
        digest.digest = state.digest
        post(.event(.digested(digest)))
    }

    private func begin(_ feed: WireFeed) {
        guard let state else { return fail("was asked for a feed and has no state") }
        feeds.insert(feed.feed)
        post(.feedState(feed: feed.feed, state.snapshot, digest: state.digest))
        witness.moment(.feedStarted)
    }

    // MARK: Without a coordinator

    private func suspend() {
        if witness.mutation == .keepsRaisedExponents, let state = stateOfAttempt { self.state = state }
        forgetAttempt()
        feeds = []
        if loading != nil { forget() }
        joining = nil
        witness.moment(.suspended)
    }

    private func reportHeld() {
        guard let state, let run else { return post(.event(.held(nil))) }
        var held = WireHeld()
        held.run = Data(run.bytes)
        held.step = UInt64(state.step)
        held.phase = state.phase.rawValue
        if let last { held.last = last }
        post(.event(.held(held)))
    }
}
