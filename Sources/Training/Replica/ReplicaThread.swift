import ClusterCore
import Foundation
import Hypernet
import ImageData
import NeuralNet
import Recipe
import TensorCore
import Transport

/// The thread that owns a worker's replica: it carries out commands in order and posts what came of them.
final class ReplicaThread: Sendable {
    enum Command: Sendable {
        case prepare(WireWelcome)
        case load(WireLoadState)
        case chunk(WireStateChunk, Frame)
        case compute(StepWork)
        case contribute(StepWork, ReductionContext)
        case apply(step: Int, attempt: UInt32, GatheredSums)
        case evaluate(step: Int, shards: [Int])
        case weigh(step: Int)
        case reshape(step: Int, plan: String)
        case snapshot(step: Int, stream: Bool)
        case end
    }

    enum Output: Sendable {
        case event(WorkerEvent)
        /// The vector that this phase's steps reduce, and how many shards a step has.
        case shaped(elements: Int, shards: Int)
        case contributions(Contributions)
        case snapshot(StateSnapshot)
    }

    private let commands = CommandQueue<Command>()
    private let outputs: Mailbox<Output>

    init(threads: Int, outputs: Mailbox<Output>) {
        self.outputs = outputs
        PlainThread.start { [commands] in
            let worker = ReplicaWorker(threads: threads, post: outputs.post)
            while true {
                let command = commands.next()
                if case .end = command { return }
                do {
                    try worker.perform(command)
                } catch {
                    outputs.post(.event(.failed(reason: "\(error)")))
                }
            }
        }
    }

    func send(_ command: Command) { commands.send(command) }
}

/// What runs on the replica's thread.
private final class ReplicaWorker {
    private let pool: ComputePool
    private let post: (ReplicaThread.Output) -> Void
    private let clock = ContinuousClock()
    private var definition: RunDefinition?
    private var replica: Replica?

    init(threads: Int, post: @escaping (ReplicaThread.Output) -> Void) {
        pool = ComputePool(threads: threads)
        self.post = post
    }

    func perform(_ command: ReplicaThread.Command) throws {
        switch command {
        case .prepare(let welcome): try prepare(welcome)
        case .load(let head): try load(head)
        case .chunk(let chunk, let payload): try take(chunk, payload)
        case .compute(let work): try compute(work)
        case .contribute(let work, let context): try contribute(work, context)
        case .apply(let step, let attempt, let sums): try apply(step, attempt, sums)
        case .evaluate(let step, let shards): try evaluate(step, shards)
        case .weigh(let step): try weigh(step)
        case .reshape(let step, let plan): try reshape(step, plan)
        case .snapshot(let step, let stream): try snapshot(step, stream: stream)
        case .end: break
        }
    }

    private func held() throws(WorkerError) -> Replica {
        guard let replica else { throw .noReplica }
        return replica
    }

    // MARK: Preparing

    private func prepare(_ welcome: WireWelcome) throws {
        if !welcome.instructionLevel.isEmpty { try Engine.limitInstructionLevel(welcome.instructionLevel) }
        let recipe = try Recipe(text: welcome.recipe, file: "the coordinator's recipe")
        let definition = try RunDefinition(recipe)
        self.definition = definition
        guard !welcome.stateFollows else { return }
        let replica = try Replica(definition, plan: nil, step: 0, pool: pool)
        replica.initialize()
        self.replica = replica
        try announce()
    }

    private func load(_ head: WireLoadState) throws {
        guard let definition else { throw WorkerError.noReplica }
        let plan = try head.plan.isEmpty ? nil : Plan(json: Data(head.plan.utf8))
        let isSearch = head.phase == Phase.search.rawValue
        guard isSearch || definition.recipe.shrink == nil || plan != nil, let step = Int(exactly: head.step)
        else {
            throw WorkerError.badState("its head does not fit the recipe")
        }
        let replica = try Replica(definition, plan: plan, step: step, pool: pool)
        let codes = try FixedPointState(json: head.exponents)
        guard replica.load(codes: codes) else {
            throw WorkerError.badState("its exponents do not fit the network")
        }
        self.replica = replica
    }

    private func take(_ chunk: WireStateChunk, _ payload: Frame) throws {
        let replica = try held()
        let fits = payload.withUnsafeBytes { bytes in
            replica.load(chunk.section, offset: Int(clamping: chunk.offset), bytes: bytes)
        }
        guard fits else { throw WorkerError.badState("a chunk lies outside of it") }
        if chunk.last { try announce() }
    }

    private func announce() throws {
        let replica = try held()
        var ready = WireReady()
        ready.step = UInt64(replica.step)
        ready.dataFingerprint = replica.definition.dataFingerprint
        ready.trainImages = UInt64(replica.definition.train.count)
        ready.testImages = UInt64(replica.definition.test.count)
        postShape(replica)
        post(.event(.prepared(ready)))
    }

    private func postShape(_ replica: Replica) {
        post(.shaped(elements: replica.reduction.count, shards: replica.definition.shardsPerStep))
    }

    // MARK: A step

    private func compute(_ work: StepWork) throws {
        let replica = try held()
        let segments = replica.reduction.segments.count
        guard work.overflows.allSatisfy({ $0.segment < segments }) else {
            throw WorkerError.badWork("segments")
        }
        try check(work.shards, below: replica.definition.shardsPerStep)
        let start = clock.now
        let overflows = try replica.compute(
            shards: work.shards,
            overflows: work.overflows.map { Overflow(segment: Int($0.segment), magnitude: $0.magnitude) })
        var computed = WireComputed()
        computed.step = UInt64(work.step)
        computed.attempt = work.attempt
        computed.shards = work.shards.map(UInt32.init)
        computed.overflows = overflows.map {
            var overflow = WireOverflow()
            overflow.segment = UInt32($0.segment)
            overflow.magnitude = $0.magnitude
            return overflow
        }
        computed.seconds = (clock.now - start).seconds
        post(.event(.computed(computed)))
    }

    private func check(_ shards: [Int], below count: Int) throws(WorkerError) {
        guard shards.allSatisfy({ (0..<count).contains($0) }) else { throw .badWork("shards") }
    }

    private func contribute(_ work: StepWork, _ context: ReductionContext) throws {
        guard !work.shards.isEmpty else { return }
        post(.contributions(try context.contributions(of: held().sums, work, pool: pool)))
    }

    private func apply(_ step: Int, _ attempt: UInt32, _ sums: GatheredSums) throws {
        let replica = try held()
        let start = clock.now
        let metrics = sums.withSums { replica.apply($0) }
        var done = WireStepDone()
        done.step = UInt64(step)
        done.attempt = attempt
        done.metrics.loss = metrics.lossSum / Double(max(metrics.images, 1))
        done.metrics.top1 = UInt64(clamping: metrics.top1)
        done.metrics.top5 = UInt64(clamping: metrics.top5)
        done.metrics.images = UInt64(clamping: metrics.images)
        done.bytesSent = sums.bytesSent
        done.bytesUncoded = sums.bytesUncoded
        done.applySeconds = (clock.now - start).seconds
        post(.event(.applied(done)))
    }

    // MARK: Between steps

    private func evaluate(_ step: Int, _ shards: [Int]) throws {
        guard !shards.isEmpty else { return }
        let replica = try held()
        try check(shards, below: replica.definition.schedule.evaluationShards)
        let counts = try replica.evaluate(shards: shards)
        var evaluated = WireEvaluated()
        evaluated.step = UInt64(step)
        evaluated.shards = shards.map(UInt32.init)
        evaluated.lossSum = counts.lossSum
        evaluated.top1 = UInt64(counts.top1)
        evaluated.top5 = UInt64(counts.top5)
        evaluated.images = UInt64(counts.images)
        post(.event(.evaluated(evaluated)))
    }

    private func weigh(_ step: Int) throws {
        var importance = WireImportance()
        importance.step = UInt64(step)
        importance.vectors = try held().latentVectors.map {
            var vector = WireLatentValues()
            vector.values = $0.values
            vector.gradients = $0.gradients
            return vector
        }
        post(.event(.weighed(importance)))
    }

    private func reshape(_ step: Int, _ plan: String) throws {
        let replica = try held()
        try replica.reshape(try Plan(json: Data(plan.utf8)))
        postShape(replica)
        var reshaped = WireReshaped()
        reshaped.step = UInt64(step)
        reshaped.digest = replica.digest()
        post(.event(.reshaped(reshaped)))
    }

    private func snapshot(_ step: Int, stream: Bool) throws {
        let replica = try held()
        if stream { post(.snapshot(replica.snapshot())) }
        var digest = WireStateDigest()
        digest.step = UInt64(step)
        digest.digest = replica.digest()
        post(.event(.digested(digest)))
    }
}

/// What a worker cannot go on after, beside the errors of the modules below.
enum WorkerError: Error, CustomStringConvertible {
    case noReplica
    case badState(String)
    case badWork(String)

    var description: String {
        switch self {
        case .noReplica: "the coordinator asked for work before there was a replica"
        case .badState(let problem): "the state that the coordinator sent is unusable: \(problem)"
        case .badWork(let things): "the coordinator asked for \(things) that do not exist"
        }
    }
}
