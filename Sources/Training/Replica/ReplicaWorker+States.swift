import ClusterCore
import Collective
import Foundation
import Hypernet
import NeuralNet
import Recipe
import Transport

/// States that come from elsewhere, and go there.
extension ReplicaWorker {
    func load(_ head: WireLoadState) throws {
        forgetState()
        guard let definition else { throw WorkerError.noReplica }
        let plan = try head.plan.isEmpty ? nil : Plan(json: Data(head.plan.utf8))
        if head.fromSeed {
            guard
                (plan == nil)
                    == (definition.schedule.firstPhase == .search || definition.recipe.shrink == nil)
            else { throw WorkerError.badState("its plan does not fit the recipe") }
            let replica = try Replica(definition, teacher: teacher, plan: plan, step: 0, pool: pool)
            replica.initialize()
            self.replica = replica
            heldRun = run
            return announce(withDigest: true)
        }
        let isSearch = head.phase == Phase.search.rawValue
        guard isSearch || definition.recipe.shrink == nil || plan != nil, let step = Int(exactly: head.step)
        else { throw WorkerError.badState("its head does not fit the recipe") }
        let replica = try Replica(definition, teacher: teacher, plan: plan, step: step, pool: pool)
        guard replica.load(codes: try FixedPointState(json: head.exponents)) else {
            throw WorkerError.badState("its exponents do not fit the network")
        }
        self.replica = replica
        incoming = IncomingState(
            head, weights: replica.model.layout.count, moments: replica.model.layout.momentCount)
    }

    func take(_ chunk: WireStateChunk, _ payload: Frame) throws {
        guard incoming != nil else { return expectVector(chunk) }
        guard let replica, payload.count % 4 == 0,
            incoming?.take(chunk, elements: payload.count / 4) ?? false,
            payload.withUnsafeBytes({
                replica.load(chunk.section, offset: Int(clamping: chunk.offset), bytes: $0)
            })
        else { return try refuse("a chunk lies outside of it, or one is missing", feed: chunk.feed) }
        guard chunk.last else { return }
        incoming = nil
        guard chunk.digest.isEmpty || chunk.digest == replica.digest() else {
            return try refuse("its digest is another one", feed: chunk.feed)
        }
        heldRun = run
        announce(withDigest: true)
    }

    /// From a feed: its receiver asks for another. From a checkpoint: there is no other.
    private func refuse(_ problem: String, feed: UInt64) throws {
        guard feed != 0 else { throw WorkerError.badState(problem) }
        abandonFeed()
    }

    func abandonFeed() {
        forgetState()
        announce(withDigest: false)
    }

    // MARK: Histories

    /// An empty chunk goes before a step's vector, with the exponents that it was coded with.
    private func expectVector(_ chunk: WireStateChunk) {
        guard let replica, chunk.feed != 0, chunk.step == UInt64(replica.step) else { return }
        guard let exponents = try? FixedPointState(json: chunk.exponents), replica.expect(exponents) else {
            return abandonFeed()
        }
        if history?.elements != replica.reduction.count {
            history = IncomingVector(elements: replica.reduction.count)
        }
        history?.begin(step: replica.step)
    }

    /// A block of the vector that the replica lacks. One of another step is of no use, or too late.
    func take(_ header: BlockHeader, _ payload: Frame) throws {
        guard let replica, let history, history.step == replica.step, header.step == UInt64(replica.step)
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
        let metrics = replica.apply(history.values)
        var done = WireStepDone()
        done.step = header.step
        done.metrics = WireStepMetrics(metrics)
        (heldRun, lastDone) = (run, done)
        announce(withDigest: false)
    }

    // MARK: Feeds

    /// The state as it is now, digested on a thread of its own: the run goes on meanwhile.
    func begin(_ feed: WireFeed) throws {
        let replica = try held()
        guard feed.step == UInt64(replica.step) else {
            var ended = WireFeedEnded()
            ended.feed = feed.feed
            ended.reason = "the replica is at step \(replica.step), not \(feed.step)"
            return post(.event(.feedEnded(ended)))
        }
        feeds.insert(feed.feed)
        let (snapshot, post) = (try replica.snapshot(), post)
        PlainThread.start {
            post(.feedState(feed: feed.feed, snapshot, digest: snapshot.digest))
        }
    }
}
