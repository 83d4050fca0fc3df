import ClusterCore
import Foundation
import Hypernet
import ImageData
import NeuralNet
import Recipe
import TensorCore
import Transport

/// What runs on the replica's thread.
final class ReplicaWorker {
    let pool: ComputePool
    let post: @Sendable (ReplicaOutput) -> Void
    let clock = ContinuousClock()
    var definition: RunDefinition?
    /// Of the definition, if that has one.
    var teacher: Teacher?
    var replica: Replica?
    /// A state that arrives, until it is whole.
    var incoming: IncomingState?
    /// Of a joining worker: the vector of the next step, as far as it has come.
    var history: IncomingVector?
    /// The launch of the run that this worker works for, the one under which the replica came to its state,
    /// and the report on the step that led there.
    var run: RunID?
    var heldRun: RunID?
    var lastDone: WireStepDone?
    /// The share whose blocks go out while it is computed, and the thread that codes them.
    var departure: Departure?
    let departures = DispatchQueue(label: "espalier.departures")
    /// Feeds that get every vector applied.
    var feeds: Set<UInt64> = []

    init(threads: Int, post: @escaping @Sendable (ReplicaOutput) -> Void) {
        pool = ComputePool(threads: threads)
        self.post = post
    }

    func perform(_ command: ReplicaCommand) throws {
        switch command {
        case .prepare(let welcome, let run): try prepare(welcome, run)
        case .load(let head): try load(head)
        case .chunk(let chunk, let payload): try take(chunk, payload)
        case .history(let header, let payload): try take(header, payload)
        case .abandonFeed: abandonFeed()
        case .compute: preconditionFailure("shards to compute come with their queue")
        case .contribute(let work, let context): try contribute(work, context)
        case .apply(let step, let attempt, let sums): try apply(step, attempt, sums)
        case .serve(let work, let context, let sums): serve(work, context, sums)
        case .evaluate(let step, let shards): try evaluate(step, shards)
        case .weigh(let step): try weigh(step)
        case .reshape(let step, let plan): try reshape(step, plan)
        case .snapshot(let step, let stream): try snapshot(step, stream: stream)
        case .feed(let feed): try begin(feed)
        case .endFeed(let number): feeds.remove(number)
        case .suspend: suspend()
        case .reportHeld: reportHeld()
        case .end: break
        }
    }

    /// The replica, which must hold a whole state.
    func held() throws(WorkerError) -> Replica {
        guard let replica, incoming == nil else { throw .noReplica }
        return replica
    }

    /// The replica if it is at this step; nil if it is further: the last vector of a feed came when this
    /// worker was a member already, which the coordinator learns and sets right.
    func held(at step: Int) throws(WorkerError) -> Replica? {
        let replica = try held()
        guard step <= replica.step else { throw .badWork("steps") }
        return step == replica.step ? replica : nil
    }

    // MARK: Preparing

    private func prepare(_ welcome: WireWelcome, _ run: RunID) throws {
        if !welcome.instructionLevel.isEmpty { try Engine.limitInstructionLevel(welcome.instructionLevel) }
        let recipe = try Recipe(text: welcome.recipe, file: "the coordinator's recipe")
        self.run = run
        feeds = []
        if definition?.recipe.fingerprint != recipe.fingerprint || !welcome.keep {
            forgetState()
            (definition, teacher) = (nil, nil)
            let bare = try RunDefinition(recipe)
            let source = try bare.openTeacher()
            let fresh = try bare.with(source)
            teacher = try source.map { try Teacher($0, of: fresh, pool: pool) }
            definition = fresh
        }
        announce(withDigest: true)
    }

    func forgetState() {
        (replica, incoming, history) = (nil, nil, nil)
        (heldRun, lastDone) = (nil, nil)
    }

    /// Says what this worker holds.
    /// - Parameter withDigest: no step led to the state here.
    func announce(withDigest: Bool) {
        guard let definition else { return }
        var ready = WireReady()
        ready.dataFingerprint = definition.dataFingerprint
        ready.trainImages = UInt64(definition.train.count)
        ready.testImages = UInt64(definition.test.count)
        if let replica = try? held() {
            ready.holds = true
            ready.step = UInt64(replica.step)
            ready.phase = replica.model.phase.rawValue
            if withDigest { ready.digest = replica.digest() }
            postShape(replica)
        }
        post(.event(.prepared(ready)))
    }

    private func postShape(_ replica: Replica) {
        post(.shaped(elements: replica.reduction.count, shards: replica.definition.shardsPerStep))
    }

    // MARK: Without a coordinator

    private func suspend() {
        feeds = []
        if incoming != nil { forgetState() }
        history = nil
        replica?.forgetAttempt()
    }

    private func reportHeld() {
        guard let replica = try? held(), let heldRun else { return post(.event(.held(nil))) }
        var held = WireHeld()
        held.run = Data(heldRun.bytes)
        held.step = UInt64(replica.step)
        held.phase = replica.model.phase.rawValue
        if let lastDone { held.last = lastDone }
        post(.event(.held(held)))
    }

    // MARK: Between steps

    private func evaluate(_ step: Int, _ shards: [Int]) throws {
        guard !shards.isEmpty, let replica = try held(at: step) else { return }
        try check(shards, below: replica.definition.schedule.evaluationShards)
        var evaluated = WireEvaluated()
        evaluated.step = UInt64(step)
        evaluated.shards = try shards.map { shard in
            let counts = try replica.evaluate(shard: shard)
            var result = WireShardCounts()
            result.shard = UInt32(shard)
            result.lossSum = counts.lossSum
            result.top1 = UInt64(counts.top1)
            result.top5 = UInt64(counts.top5)
            result.images = UInt64(counts.images)
            return result
        }
        post(.event(.evaluated(evaluated)))
    }

    private func weigh(_ step: Int) throws {
        guard let replica = try held(at: step) else { return }
        var importance = WireImportance()
        importance.step = UInt64(step)
        importance.vectors = replica.latentVectors.map {
            var vector = WireLatentValues()
            vector.values = $0.values
            vector.gradients = $0.gradients
            return vector
        }
        post(.event(.weighed(importance)))
    }

    private func reshape(_ step: Int, _ plan: String) throws {
        guard let replica = try held(at: step) else { return }
        feeds = []
        try replica.reshape(try Plan(json: Data(plan.utf8)))
        postShape(replica)
        var reshaped = WireReshaped()
        reshaped.step = UInt64(step)
        reshaped.digest = replica.digest()
        post(.event(.reshaped(reshaped)))
    }

    private func snapshot(_ step: Int, stream: Bool) throws {
        guard let replica = try held(at: step) else { return }
        if stream { post(.snapshot(try replica.snapshot())) }
        var digest = WireStateDigest()
        digest.step = UInt64(step)
        digest.digest = replica.digest()
        post(.event(.digested(digest)))
    }

    func check(_ shards: [Int], below count: Int) throws(WorkerError) {
        guard shards.allSatisfy({ (0..<count).contains($0) }) else { throw .badWork("shards") }
    }
}
