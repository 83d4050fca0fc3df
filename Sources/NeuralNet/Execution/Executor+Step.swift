import CKernels
import TensorCore

/// What the executor knows of the step between `beginStep` and `finishStep`.
struct StepInProgress {
    /// Whether shards may be added.
    var isOpen = false
    /// Images and shards of the global batch.
    var globalBatch = 1
    var shards = 1
    var exponents: FixedPointState?
    /// The metrics so far, in their integers.
    private(set) var metrics: [Int32] = [0, 0, 0, 0]
    private var lossLimit = 0.0

    var lossWeight: Double { 1 / Double(globalBatch) }

    mutating func begin(_ exponents: FixedPointState, globalBatch: Int, shard: Int) {
        self.globalBatch = globalBatch
        self.exponents = exponents
        shards = globalBatch / shard
        for index in metrics.indices { metrics[index] = 0 }
        lossLimit = Double(exponents.limit(for: .metric))
        isOpen = true
    }

    /// Adds a slice's counts. Its loss is capped, and counts as the cap if it is not a number.
    mutating func add(_ counts: EvaluationCounts) {
        let scaled = counts.lossSum * Double(1 << StepMetrics.lossExponent)
        let capped = scaled < lossLimit ? scaled : lossLimit
        metrics[0] &+= Int32(capped.rounded(.toNearestOrEven))
        metrics[1] &+= Int32(counts.top1)
        metrics[2] &+= Int32(counts.top5)
        metrics[3] &+= Int32(counts.images)
    }
}

extension Executor {
    /// Opens a step: clears the sums and sets the code. Also how a step that overflowed or failed is redone.
    /// - Parameters:
    ///   - exponents: made for this layout and this cut of the global batch.
    ///   - globalBatch: images of the global batch, on all machines; a multiple of the shard.
    public func beginStep(_ exponents: FixedPointState, globalBatch: Int) {
        precondition(isTraining, "\(graph.name) was set up for evaluation only")
        precondition(
            globalBatch > 0 && globalBatch % shard == 0, "a batch of \(globalBatch) in shards of \(shard)"
        )
        precondition(
            exponents.fits(layout, slices: globalBatch / slice, shards: globalBatch / shard),
            "exponents for \(exponents.slices) slices, \(exponents.shards) shards; "
                + "not a batch of \(globalBatch) in slices of \(slice), shards of \(shard)")
        step.begin(exponents, globalBatch: globalBatch, shard: shard)
        codes.set(exponents, layout: layout)
        runMeasured(as: .stepSums) { thread in lanes[thread].clearSums() }
    }

    /// Closes the step: all contributions since `beginStep`, in the reduction layout's order.
    ///
    /// If the result is not empty, some contribution did not fit: the sums are useless, and the step is to be
    /// redone with exponents raised for the reports of all machines.
    /// - Parameter sums: `layout.count` elements, overwritten.
    public func finishStep(into sums: UnsafeMutablePointer<Int32>) -> [Overflow] {
        precondition(step.isOpen, "finishStep before beginStep, or after an error in the step")
        step.isOpen = false
        let target = SharedMutablePointer(sums)
        runMeasured(as: .stepSums) { thread in
            let owner = lanes[codingThreads[0]]
            let range = Self.slices(of: thread, threads: pool.threads, slices: codes.count)
            for other in codingThreads.dropFirst() {
                espalier_int_add(
                    owner.sums.pointer + range.lowerBound, lanes[other].sums.pointer + range.lowerBound,
                    range.count)
            }
            lanes[thread].timer?.lap(.stepSums)
            pool.barrier()
            lanes[thread].timer?.lap(.waiting)
            for tensor in tensorsOfThread[thread] { unpack(tensor, from: owner, into: target.pointer) }
        }
        for (index, value) in step.metrics.enumerated() { sums[layout.metricsOffset + index] = value }
        return overflows()
    }

    private func unpack(_ index: Int, from lane: Lane, into sums: UnsafeMutablePointer<Int32>) {
        let tensor = parameters.tensors[index]
        let source = lane.sums.pointer + codes.offsets[index]
        let target = sums + tensor.offset
        switch tensor.role {
        case .convolutionWeight:
            guard let layer = program.convolutions.firstIndex(where: { $0.weight == index }) else { return }
            kernels[layer].unpackGradient(source, into: target)
        case .linearWeight:
            program.linears.first { $0.weight == index }?.unpermute(source, into: target)
        default:
            target.update(from: source, count: tensor.count)
        }
    }

    private func overflows() -> [Overflow] {
        layout.segments.indices.compactMap { index in
            guard layout.segments[index].kind != .metric else { return nil }
            let magnitude = codingThreads.map { lanes[$0].magnitudes.pointer[index] }.max() ?? 0
            let isKnown = step.exponents?.codes[index].exponent != nil
            let fits = isKnown && magnitude * codes.scales.pointer[index] <= codes.limits.pointer[index]
            return fits ? nil : Overflow(segment: index, magnitude: magnitude)
        }
    }
}
