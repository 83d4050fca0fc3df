import Digest
import NeuralNet
import TensorCore
import Training

/// Whole training steps in this process, on noise: what a worker does in a step, without reading images and
/// without the network.
public final class StepBench {
    /// More attempts at one step than the code of gradients ever needs.
    private static let attemptsMax = 4
    private static let learningRate: Float = 0.01
    private static let optimizer = Optimizer.sgd(momentum: 0.9, weightDecay: 1e-4)

    private let settings: StepSettings
    private let network: StepNetwork
    private let pool: ComputePool
    private let peak: Double
    private let model: any Model
    private let executor: Executor
    private let shards: [RandomShard]
    private let sums: AlignedBuffer<Int32>
    private var codes: FixedPointState
    private var stepsDone = 0

    /// Measures the machine's peak and sets everything up.
    /// - Throws: `ModelZooError`, `ShrinkError`, `EngineError`, `BenchError`.
    public init(_ settings: StepSettings) throws {
        let shard = settings.shardSize
        guard shard > 0, settings.batch > 0, settings.batch % shard == 0 else {
            throw BenchError.batch(settings.batch, shard: shard)
        }
        self.settings = settings
        network = try StepNetwork(settings)
        let graph = network.graph
        pool = ComputePool(threads: settings.threads)
        let precision = settings.precision.elements
        peak = try Roofline.quickPeak(pool, precision)
        model = try Self.makeModel(graph, settings, pool)
        let slice = Executor.sliceSize(for: graph, shard: shard, precision: precision)
        executor = try Executor(graph: graph, shard: shard, slice: slice, pool: pool, precision: precision)
        shards = try (0..<settings.batch / shard).map {
            try RandomShard(graph: graph, count: shard, seed: settings.seed, index: $0)
        }
        sums = try AlignedBuffer(attempting: executor.layout.count)
        codes = FixedPointState(
            uncalibrated: executor.layout, slices: settings.batch / slice, shards: shards.count)
    }

    private static func makeModel(
        _ graph: Graph, _ settings: StepSettings, _ pool: ComputePool
    ) throws(EngineError) -> any Model {
        guard settings.hyper > 0 else {
            let model = try PlainModel(graph: graph, optimizer: optimizer, pool: pool)
            model.initialize(seed: settings.seed)
            return model
        }
        let model = try SearchModel(
            graph: graph, embedding: settings.hyper, optimizer: optimizer, pool: pool)
        model.initialize(seed: settings.seed)
        return model
    }

    /// Warm-up, measured steps, and steps whose passes are measured.
    /// - Throws: `BenchError`, `FixedPointError`.
    public func run() throws -> StepReport {
        var ignored = StepBreakdown(threads: pool.threads)
        for _ in 0..<settings.warmup { _ = try step(&ignored) }
        var plain = StepBreakdown(threads: pool.threads)
        var repeated = 0
        for _ in 0..<settings.steps where try step(&plain) > 1 { repeated += 1 }
        let loss = StepMetrics(reduced: UnsafeBufferPointer(sums.elements), layout: executor.layout)
        let digest = digest()
        executor.measuresPasses = true
        defer { executor.measuresPasses = false }
        var measured = StepBreakdown(threads: pool.threads)
        for _ in 0..<settings.measuredSteps { _ = try step(&measured) }
        return report(
            plain, measured, repeated: repeated, loss: loss.lossSum / Double(settings.batch), digest: digest)
    }

    /// One step, as a worker with all the shards takes it.
    /// - Returns: attempts.
    private func step(_ breakdown: inout StepBreakdown) throws -> Int {
        let whole = Stopwatch()
        executor.setWeights(measure(.generate, &breakdown) { model.weights() })
        let attempts = try compute()
        measure(.update, &breakdown) {
            model.apply(
                sums.pointer, exponents: codes,
                step: OptimizerStep(rate: Self.learningRate, number: stepsDone + 1))
        }
        measure(.adapt, &breakdown) {
            codes.adapt(to: UnsafeBufferPointer(sums.elements), layout: executor.layout)
        }
        breakdown.addStep(whole.seconds)
        if executor.measuresPasses { breakdown.add(executor.takePassTimes()) }
        stepsDone += 1
        return attempts
    }

    private func compute() throws -> Int {
        for attempt in 1...Self.attemptsMax {
            executor.beginStep(codes, globalBatch: settings.batch, sums: sums.pointer)
            for shard in shards { try executor.train(shard) }
            let overflows = executor.finishStep()
            if overflows.isEmpty { return attempt }
            try codes.raise(for: overflows, layout: executor.layout)
        }
        throw BenchError.overflow(step: stepsDone)
    }

    private func measure<Result>(
        _ section: StepBreakdown.Section, _ breakdown: inout StepBreakdown, _ body: () -> Result
    ) -> Result {
        let watch = Stopwatch()
        defer { breakdown.add(watch.seconds, to: section) }
        return body()
    }

    private func digest() -> String {
        var hash = SHA256()
        hash.update(UnsafeRawBufferPointer(start: model.state, count: model.layout.count * 4))
        return hash.finish()
    }

    private func report(
        _ plain: StepBreakdown, _ measured: StepBreakdown, repeated: Int, loss: Double, digest: String
    ) -> StepReport {
        let batch = Double(settings.batch)
        let median = Statistics.median(plain.stepSeconds)
        let operations = 6 * Double(Complexity(executor.graph).flops.convLinear) * batch
        let gflops = operations / median / 1e9
        return StepReport(
            network: settings.network, input: settings.input, classes: settings.classes,
            batch: settings.batch,
            shard: executor.shard, slice: executor.slice, precision: settings.precision,
            width: settings.width,
            hyper: settings.hyper, flopsShare: network.flopsShare, activationsShare: network.activationsShare,
            parameters: model.layout.parameterCount, threads: pool.threads, steps: settings.steps,
            instructionLevel: Engine.instructionLevel, imagesPerSecondMedian: batch / median,
            imagesPerSecondBest: batch / (plain.stepSeconds.min() ?? median), secondsMedian: median,
            gflops: gflops, peakGflops: peak, shareOfPeak: gflops / peak, peakGb: PeakMemory.gigabytes,
            executorGb: Double(executor.byteCount) / 1e9, repeatedSteps: repeated, breakdown: measured.parts,
            accounted: measured.accounted,
            measuringCost: measured.stepSeconds.isEmpty
                ? 1 : Statistics.median(measured.stepSeconds) / median,
            loss: loss, weightsSha256: digest)
    }
}
