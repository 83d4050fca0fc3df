import ClusterCore
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
    private(set) var codes: FixedPointState
    private(set) var plan: Plan?
    /// Committed steps that the state holds.
    private(set) var step: Int
    let pool: ComputePool
    private var executor: Executor
    private var executorIsCurrent = false
    private var sumsBuffer: AlignedBuffer<Int32>

    /// A replica at the beginning of a phase: with a plan (or no shrink) of the converge phase, else of the
    /// search. Its weights are zeros until ``initialize()`` or ``load(_:offset:elements:)``.
    /// - Throws: `EngineError`, `ShrinkError`.
    init(_ definition: RunDefinition, plan: Plan?, step: Int, pool: ComputePool) throws {
        self.definition = definition
        self.pool = pool
        self.plan = plan
        self.step = step
        model = try definition.makeModel(plan: plan, pool: pool)
        (executor, codes) = try Self.makeExecutor(definition, model.graph, pool)
        reduction = executor.layout
        sumsBuffer = try AlignedBuffer(attempting: reduction.count)
    }

    private static func makeExecutor(
        _ definition: RunDefinition, _ graph: Graph, _ pool: ComputePool
    ) throws(EngineError) -> (Executor, FixedPointState) {
        let recipe = definition.recipe
        let precision = definition.precision
        let slice = Executor.sliceSize(for: graph, shard: recipe.shard, precision: precision)
        let executor = try Executor(
            graph: graph, shard: recipe.shard, slice: slice, pool: pool, precision: precision)
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

    /// The integer sums of the last ``compute(shards:overflows:)``, `reduction.count` elements.
    var sums: UnsafeBufferPointer<Int32> { UnsafeBufferPointer(sumsBuffer.elements) }

    /// Computes some shards of the next step into ``sums``.
    /// - Parameter overflows: of the attempt before; these exponents are lowered first.
    /// - Returns: what did not fit; the sums are then of no use.
    /// - Throws: `FixedPointError` where a gradient is not finite, `DataError` where an image cannot be read.
    func compute(shards: [Int], overflows: [Overflow]) throws -> [Overflow] {
        if !overflows.isEmpty { try codes.raise(for: overflows, layout: reduction) }
        refreshExecutor()
        executor.beginStep(codes, globalBatch: definition.recipe.batch, sums: sumsBuffer.pointer)
        for shard in shards { try executor.train(definition.trainingShard(step: step, shard: shard)) }
        return executor.finishStep()
    }

    private func refreshExecutor() {
        guard !executorIsCurrent else { return }
        executor.setWeights(model.weights())
        executorIsCurrent = true
    }

    /// Takes the optimizer's step with the sums of all shards.
    func apply(_ sums: UnsafeBufferPointer<Int32>) -> StepMetrics {
        let metrics = StepMetrics(reduced: sums, layout: reduction)
        let settings = definition.recipe.optimizer
        let optimizer = SGD(
            momentum: Float(settings.momentum), weightDecay: Float(settings.weightDecay),
            isNesterov: settings.nesterov)
        model.apply(
            sums.baseAddress!, exponents: codes, optimizer: optimizer,
            rate: definition.learningRate(step: step))
        codes.adapt(to: sums, layout: reduction)
        step += 1
        executorIsCurrent = false
        return metrics
    }

    func evaluate(shards: [Int]) throws -> EvaluationCounts {
        refreshExecutor()
        var counts = EvaluationCounts()
        for shard in shards { counts += try executor.evaluate(definition.testShard(shard)) }
        return counts
    }

    // MARK: The prune

    /// Latent vectors and the gradients of the last step, in the wiring's order; empty in the converge phase.
    var latentVectors: [(values: [Float], gradients: [Float])] {
        guard let search = model as? SearchModel else { return [] }
        return zip(search.latents, search.latentGradients).map { ($0, $1) }
    }

    /// Computes the surviving channels' weights and drops the hypernetwork.
    /// - Throws: `ShrinkError` where the plan is not one of this network, `EngineError`.
    func reshape(_ plan: Plan) throws {
        guard let search = model as? SearchModel else { return }
        let surgery = try Surgery(graph: search.graph, plan: plan)
        let pruned = try PlainModel(graph: surgery.pruned, pool: pool)
        surgery.prune(weights: search.weights(), into: pruned.state)
        (executor, codes) = try Self.makeExecutor(definition, surgery.pruned, pool)
        reduction = executor.layout
        sumsBuffer = try AlignedBuffer(attempting: reduction.count)
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
            case .momentum: (model.momentum, model.layout.parameterCount)
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

    func snapshot() -> StateSnapshot {
        StateSnapshot(step: step, model: model, codes: codes)
    }
}
