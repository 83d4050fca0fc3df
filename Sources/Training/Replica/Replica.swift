import ClusterCore
import Collective
import Hypernet
import NeuralNet
import Recipe
import TensorCore

/// One worker's copy of the model: computes shards, applies reduced steps, prunes. Owned by one thread; it
/// knows nothing of other workers.
final class Replica {
    let definition: RunDefinition
    private(set) var model: any Model
    private(set) var reduction: ReductionLayout
    /// The exponents that belong to the state. An attempt's may differ: ``attemptCodes``.
    private(set) var codes: FixedPointState
    private(set) var plan: Plan?
    /// Committed steps that the state holds.
    private(set) var step: Int
    let pool: ComputePool
    private let teacher: Teacher?
    private var executor: Executor
    private var executorIsCurrent = false
    /// Of the attempt under way: its number and its exponents, raised for the overflows of those before.
    private(set) var attempt: UInt32?
    private var attemptCodes: FixedPointState?
    /// Whether something of the attempt's shards so far did not fit.
    private(set) var hasOverflow = false
    private var sums: HeldSums

    /// A replica at the beginning of a phase: with a plan (or no shrink) of the converge phase, else of the
    /// search. Its weights are zeros until ``initialize()`` or ``load(_:offset:elements:)``.
    /// - Parameter teacher: of this definition, if it is there already.
    /// - Throws: `EngineError`, `ShrinkError`, and where the teacher has to be read what that throws.
    init(
        _ definition: RunDefinition, teacher: Teacher? = nil, plan: Plan?, step: Int, pool: ComputePool
    ) throws {
        self.definition = definition
        self.pool = pool
        self.teacher =
            try teacher ?? definition.openTeacher().map { try Teacher($0, of: definition, pool: pool) }
        self.plan = plan
        self.step = step
        model = try definition.makeModel(plan: plan, pool: pool)
        (executor, codes) = try Self.makeExecutor(definition, model, pool)
        reduction = executor.layout
        sums = try HeldSums(count: reduction.count)
    }

    private static func makeExecutor(
        _ definition: RunDefinition, _ model: any Model, _ pool: ComputePool
    ) throws(EngineError) -> (Executor, FixedPointState) {
        let (recipe, graph) = (definition.recipe, model.graph)
        let precision = definition.precision
        let slice = Executor.sliceSize(for: graph, shard: recipe.shard, precision: precision)
        let loss = definition.loss(in: model.phase)
        var features: [Int] = []
        if case .features = loss.distillation { features = graph.openEnds }
        let executor = try Executor(
            graph: graph, shard: recipe.shard, slice: slice, pool: pool, precision: precision,
            loss: loss, features: features)
        let codes = FixedPointState(
            uncalibrated: executor.layout, gradientBits: recipe.gradientBits,
            slices: recipe.batch / slice, shards: definition.shardsPerStep)
        return (executor, codes)
    }

    /// Fills the state from the recipe's seed.
    func initialize() {
        model.initialize(seed: definition.recipe.seed)
        executorIsCurrent = false
    }

    // MARK: A step

    /// The shards of the attempt under way whose sums are held.
    var heldShards: ShardSet { sums.shards }

    /// The sums of ``heldShards``, as long as nothing has gone out; `reduction.count` elements.
    var vector: UnsafeBufferPointer<Int32> { sums.vector }

    /// Begins an attempt at the next step; does nothing if it has begun already.
    /// - Parameter overflows: of the attempt before; these exponents are raised first.
    /// - Throws: `FixedPointError` where a gradient is not finite.
    func begin(attempt: UInt32, overflows: [Overflow]) throws {
        guard attempt != self.attempt else { return }
        // A first attempt may follow on a higher one: the step is begun anew under another coordinator.
        var codes = attempt == 0 ? self.codes : exponents
        if !overflows.isEmpty { try codes.raise(for: overflows, layout: reduction) }
        forgetAttempt()
        self.attempt = attempt
        attemptCodes = codes
    }

    /// Exponents of the next sums.
    var exponents: FixedPointState { attemptCodes ?? codes }

    /// Drops held sums.
    func forgetSums() { sums.reset() }

    /// Forgets the attempt under way: the state is as the last step left it.
    func forgetAttempt() {
        hasOverflow = false
        sums.reset()
        attempt = nil
        attemptCodes = nil
    }

    /// Computes a shard of the attempt that was begun and holds its sums. In a generation in which sums have
    /// gone out already, it is kept apart from them.
    /// - Parameter departure: for a share's last shard: sends blocks while the backward pass goes on.
    /// - Returns: what of the attempt's shards so far did not fit; the sums are then of no use.
    /// - Throws: `DataError` where an image cannot be read.
    func compute(shard: Int, generation: UInt64, departure: Departure? = nil) throws -> [Overflow] {
        refreshExecutor()
        let (vector, isNew) = try sums.place(generation: generation)
        if isNew { executor.beginStep(exponents, globalBatch: definition.recipe.batch, sums: vector) }
        var settled: (@Sendable (Int) -> Void)?
        if let departure, let others = sums.depart(generation: generation) {
            departure.begin(self.vector, shards: others, and: shard) { executor.settledStage(of: $0) }
            settled = { departure.note(settled: $0) }
        }
        defer { departure?.wait() }
        do {
            try train(definition.trainingShard(step: step, shard: shard), settled)
        } catch {
            sums.reset()
            throw error
        }
        sums.add(shard)
        let overflows = executor.reportStep()
        hasOverflow = !overflows.isEmpty
        return overflows
    }

    private func train(_ shard: any ShardSource, _ settled: (@Sendable (Int) -> Void)?) throws {
        guard let teacher, executor.loss.distillation != nil else {
            return try executor.train(shard, settled: settled)
        }
        let lesson = try teacher.study(shard)
        try executor.train(
            lesson.images, teacher: lesson.logits, features: lesson.features,
            settled: settled)
    }

    /// What has not gone out in this generation; nil if there is nothing.
    func takeUnsent(generation: UInt64) -> HeldSums.Unsent? {
        sums.takeUnsent(generation: generation)
    }

    private func refreshExecutor() {
        guard !executorIsCurrent else { return }
        executor.setWeights(model.weights())
        executorIsCurrent = true
    }

    /// Takes the optimizer's step with the sums of all shards, coded with ``exponents``.
    func apply(_ sums: UnsafeBufferPointer<Int32>) -> StepMetrics {
        let metrics = StepMetrics(reduced: sums, layout: reduction)
        codes = exponents
        var next = definition.optimizerStep(step, searchEnd: definition.searchEnd(plan))
        next.gradientScale = model.optimizer.gradientScale(
            of: sums.baseAddress!, layout: reduction, exponents: codes, pool: pool)
        model.apply(sums.baseAddress!, exponents: codes, step: next)
        codes.adapt(to: sums, layout: reduction)
        forgetAttempt()
        step += 1
        executorIsCurrent = false
        return metrics
    }

    func evaluate(shard: Int) throws -> EvaluationCounts {
        refreshExecutor()
        return try executor.evaluate(definition.testShard(shard))
    }

    // MARK: The prune

    /// Latent vectors and the gradients of the last step, in the wiring's order; empty in the converge phase.
    /// There are no gradients where no step led to the state here.
    var latentVectors: [(values: [Float], gradients: [Float])] {
        guard let search = model as? SearchModel else { return [] }
        let (latents, gradients) = (search.latents, search.latentGradients)
        return latents.indices.map { (latents[$0], gradients.isEmpty ? [] : gradients[$0]) }
    }

    /// Computes the surviving channels' weights and drops the hypernetwork.
    /// - Throws: `ShrinkError` where the plan is not one of this network, `EngineError`.
    func reshape(_ plan: Plan) throws {
        guard let search = model as? SearchModel else { return }
        let surgery = try Surgery(graph: search.graph, plan: plan)
        let pruned = try PlainModel(
            graph: definition.withAdapters(surgery.pruned), optimizer: definition.optimizer, pool: pool)
        try pruned.take(search.weights(), of: surgery, seed: definition.recipe.seed)
        (executor, codes) = try Self.makeExecutor(definition, pruned, pool)
        reduction = executor.layout
        sums = try HeldSums(count: reduction.count)
        forgetAttempt()
        model = pruned
        self.plan = plan
        executorIsCurrent = false
    }

    // MARK: The state

    func digest() -> String {
        model.digest(codes)
    }

    /// Takes a piece of a state that comes from elsewhere.
    /// - Returns: false if it lies outside the state.
    func load(_ section: WireStateChunk.Section, offset: Int, bytes: UnsafeRawBufferPointer) -> Bool {
        let (target, count) =
            switch section {
            case .momentum: (model.moments, model.layout.momentCount)
            default: (model.state, model.layout.count)
            }
        let elements = bytes.count / 4
        guard bytes.count % 4 == 0, offset >= 0, offset <= count, elements <= count - offset else {
            return false
        }
        guard let base = bytes.baseAddress else { return true }
        UnsafeMutableRawPointer(target + offset).copyMemory(from: base, byteCount: bytes.count)
        executorIsCurrent = false
        return true
    }

    /// The exponents that belong to a loaded state.
    /// - Returns: false if they do not fit the network.
    func load(codes: FixedPointState) -> Bool {
        guard codes.fits(reduction, slices: self.codes.slices, shards: self.codes.shards) else {
            return false
        }
        self.codes = codes
        return true
    }

    /// The exponents of the next reduced vector, from a worker that has reduced it.
    /// - Returns: false if they do not fit the network.
    func expect(_ codes: FixedPointState) -> Bool {
        guard codes.fits(reduction, slices: self.codes.slices, shards: self.codes.shards) else {
            return false
        }
        forgetAttempt()
        attemptCodes = codes
        return true
    }

    /// A copy of the state.
    /// - Throws: where the plan cannot be written as JSON.
    func snapshot() throws -> StateSnapshot {
        StateSnapshot(
            step: step, model: model,
            plan: try plan.map { String(decoding: try $0.json(), as: UTF8.self) } ?? "", codes: codes)
    }
}
