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
    ///   - sums: `layout.count` elements, which are not to be touched until the step is finished or begun
    ///     again.
    public func beginStep(
        _ exponents: FixedPointState, globalBatch: Int, sums vector: UnsafeMutablePointer<Int32>
    ) {
        precondition(isTraining, "\(graph.name) was set up for evaluation only")
        precondition(
            globalBatch > 0 && globalBatch % shard == 0, "a batch of \(globalBatch) in shards of \(shard)"
        )
        precondition(
            exponents.fits(layout, slices: globalBatch / slice, shards: globalBatch / shard),
            "exponents for \(exponents.slices) slices, \(exponents.shards) shards; "
                + "not a batch of \(globalBatch) in slices of \(slice), shards of \(shard)")
        step.begin(exponents, globalBatch: globalBatch, shard: shard)
        sums.begin(exponents, layout: layout, vector: vector)
        runMeasured(as: .stepSums, ClearingSums(executor: self))
    }

    private struct ClearingSums: ComputeWork {
        let executor: Executor

        func run(thread: Int) {
            executor.sums.clear(thread: thread, threads: executor.pool.threads)
            executor.lanes[thread].clearMagnitudes()
        }
    }

    /// Closes the step: the sums hold all contributions since `beginStep`, in the reduction layout's order.
    ///
    /// If the result is not empty, some contribution did not fit: the sums are useless, and the step is to be
    /// redone with exponents raised for the reports of all machines.
    public func finishStep() -> [Overflow] {
        let overflows = reportStep()
        step.isOpen = false
        sums.end()
        // A second holder would make the caller's next change a copy.
        step.exponents = nil
        return overflows
    }

    /// What `finishStep` would report of the shards so far, with the sums as it would leave them; the step
    /// stays open for more.
    public func reportStep() -> [Overflow] {
        precondition(step.isOpen, "no step is open, or there was an error in it")
        for (index, value) in step.metrics.enumerated() { sums.set(layout.metricsOffset + index, value) }
        return overflows()
    }

    private func overflows() -> [Overflow] {
        var result: [Overflow] = []
        for (index, segment) in layout.segments.enumerated() where segment.kind != .metric {
            var magnitude: Float = 0
            for thread in codingThreads {
                magnitude = max(magnitude, lanes[thread].magnitudes.pointer[index])
            }
            let isKnown = step.exponents?.codes[index].exponent != nil
            if isKnown && sums.fits(magnitude, segment: index) { continue }
            result.append(Overflow(segment: index, magnitude: magnitude))
        }
        return result
    }
}
