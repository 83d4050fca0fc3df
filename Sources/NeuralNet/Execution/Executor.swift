public import TensorCore

/// One network on one machine: takes shards through it, forward and backward, with all threads of a pool.
///
/// The threads share the shard's slices out in contiguous blocks; see ``Program`` for what they do with them.
/// What a shard adds to the step's sums depends on weights, images and instruction level alone, not on the
/// number of threads: every library call works on one slice, sums over slices are of integers or in slice
/// order.
///
/// Unchecked: one call at a time, by any thread; within a call the pool's threads write to their own slices
/// of the arena and to their own lane, and read others' only after they have met.
public final class Executor: @unchecked Sendable {
    public let graph: Graph
    public let layout: ReductionLayout
    /// What ``train(_:teacher:features:settled:)`` minimises.
    public let loss: TrainingLoss
    let settledStages: [Int?]
    /// Images of a shard and of a slice.
    public let shard: Int
    public let slice: Int
    public let isTraining: Bool
    /// Of activations, their gradients and convolution weights as the convolutions read them.
    public let precision: ElementType

    let parameters: ParameterLayout
    let pool: ComputePool
    let program: Program
    let kernels: [ConvolutionKernel]
    let weights: WeightStore
    let packed: PackedWeights
    let sums: StepSums
    let lanes: [Lane]
    let arena: AlignedBuffer<UInt8>
    let records: SliceRecords
    /// Slices of a shard.
    let slices: Int
    /// Tensors that each thread takes over.
    let tensorsOfThread: [[Int]]
    /// Threads that have slices.
    let codingThreads: [Int]
    var step = StepInProgress()
    let similarity: SimilarityLoss?
    /// Of the shard under way: (images, classes).
    var teacher: UnsafePointer<Float>?
    /// Of the shard under way, for each of the features: (images, height, width, channels).
    var teacherFeatures: [UnsafePointer<Float>] = []

    /// - Parameters:
    ///   - shard: images of a shard; the unit of batch-norm statistics.
    ///   - slice: images of a slice, a divisor of `shard`; see ``sliceSize(for:shard:precision:)``.
    ///   - precision: of activations, their gradients and the convolutions' weights. Linear layers, the loss
    ///     and everything that ``setWeights(_:)`` takes are fp32 either way.
    ///   - options: part of what results depend on, as the slice is.
    ///   - loss: what training minimises.
    ///   - features: nodes that the loss `features` compares with a teacher's, or whose values a teacher
    ///     hands out.
    ///   - training: false leaves out everything that only `train` needs.
    /// - Throws: if the instruction level lacks the precision, oneDNN refuses a layer or memory runs out.
    public init(
        graph: Graph, shard: Int, slice: Int, pool: ComputePool, precision: ElementType = .fp32,
        loss: TrainingLoss = TrainingLoss(), features: [Int] = [], training: Bool = true,
        options: ProgramOptions = ProgramOptions()
    ) throws(EngineError) {
        var comparesFeatures = false
        if case .features = loss.distillation { comparesFeatures = true }
        precondition(
            !training || comparesFeatures != features.isEmpty, "features and no use for them, or the reverse")
        precondition(
            slice > 0 && shard > 0 && shard % slice == 0, "slices of \(slice) in a shard of \(shard)")
        try Engine.check(precision)
        self.graph = graph
        self.precision = precision
        self.pool = pool
        self.shard = shard
        self.slice = slice
        isTraining = training
        self.loss = loss
        slices = shard / slice
        parameters = ParameterLayout(graph)
        layout = ReductionLayout(parameters)
        program = Program(
            graph, slice: slice, precision: precision, training: training, features: features,
            options: options)
        settledStages = Self.settledStages(program, layout)
        kernels = try Self.makeKernels(program, precision, training: training)
        let pools = try Self.makePools(program)
        weights = try WeightStore(program, parameters: parameters)
        packed = try PackedWeights(
            program, parameters: parameters, kernels: kernels, threads: pool.threads)
        sums = try StepSums(layout, program: program, kernels: kernels)
        let (threads, slices) = (pool.threads, slices)
        codingThreads = (0..<threads).filter {
            !Self.slices(of: $0, threads: threads, slices: slices).isEmpty
        }
        var lanes: [Lane] = []
        for thread in 0..<threads {
            lanes.append(
                try Lane(
                    program, kernels: kernels, pools: pools,
                    isTraining: training, hasSlices: codingThreads.contains(thread),
                    segments: layout.segments.count,
                    place: Double(thread) / Double(threads)))
        }
        self.lanes = lanes
        let (byteCount, overflows) = program.arenaByteCount.multipliedReportingOverflow(by: slices)
        arena = try AlignedBuffer(attempting: overflows ? .max : byteCount)
        records = try SliceRecords(program, slices: slices)
        if training, case .similarity = loss.distillation {
            similarity = try SimilarityLoss(images: shard, features: program.classes)
        } else {
            similarity = nil
        }
        tensorsOfThread = Self.share(parameters.tensors.map(\.count), among: threads)
    }

    /// Bytes of weights, activations and gradients held for the whole run (without oneDNN's own).
    public var byteCount: Int {
        arena.count + weights.byteCount + packed.byteCount + lanes.reduce(0) { $0 + $1.byteCount }
    }

    /// Takes over the whole state, `ParameterLayout.count` elements: parameters and running statistics. They
    /// stay as they are, where they are, until others are set: convolution weights are read again for each
    /// shard.
    public func setWeights(_ flat: UnsafePointer<Float>) {
        weights.use(flat)
        runMeasured(as: .packing, TakingWeights(executor: self))
    }

    private struct TakingWeights: ComputeWork {
        let executor: Executor

        func run(thread: Int) {
            for tensor in executor.tensorsOfThread[thread] { executor.weights.set(tensor) }
        }
    }

    /// The contiguous block of slices that a thread takes.
    static func slices(of thread: Int, threads: Int, slices: Int) -> Range<Int> {
        thread * slices / threads..<(thread + 1) * slices / threads
    }

    /// Deals out items of the given costs so that the threads' totals are about equal: largest first, each to
    /// the thread that has least.
    static func share(_ costs: [Int], among threads: Int) -> [[Int]] {
        var totals = [Int](repeating: 0, count: threads)
        var result = [[Int]](repeating: [], count: threads)
        for item in costs.indices.sorted(by: { (costs[$0], $1) > (costs[$1], $0) }) {
            let thread = totals.indices.min { totals[$0] < totals[$1] } ?? 0
            totals[thread] += costs[item]
            result[thread].append(item)
        }
        return result
    }

    private static func makeKernels(
        _ program: Program, _ precision: ElementType, training: Bool
    ) throws(EngineError) -> [ConvolutionKernel] {
        var known: [ConvolutionLayer: ConvolutionKernel] = [:]
        var result: [ConvolutionKernel] = []
        for layer in program.convolutions {
            // Layers of one kind share a kernel.
            let kind = ConvolutionLayer(
                geometry: layer.geometry, tiles: layer.tiles, weight: 0, bias: layer.bias.map { _ in 0 },
                needsInputGradient: training && layer.needsInputGradient)
            if let kernel = known[kind] {
                result.append(kernel)
                continue
            }
            let kernel = try ConvolutionKernel(
                kind.geometry, elements: precision, hasBias: kind.bias != nil,
                needsInputGradient: kind.needsInputGradient, tiles: kind.tiles)
            known[kind] = kernel
            result.append(kernel)
        }
        return result
    }

    private static func makePools(_ program: Program) throws(EngineError) -> [PoolKernel] {
        var result: [PoolKernel] = []
        for (geometry, type) in program.pools {
            let kernel = try PoolKernel(geometry, elements: type)
            let room = geometry.workspaceByteCountMax
            precondition(
                kernel.workspaceByteCount <= room,
                "\(geometry) needs a workspace of \(kernel.workspaceByteCount) bytes, planned \(room)")
            result.append(kernel)
        }
        return result
    }
}
