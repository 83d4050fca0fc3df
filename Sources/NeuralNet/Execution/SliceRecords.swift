import TensorCore

/// What the threads note down for each slice of the shard under way, for all to read after they have met.
final class SliceRecords {
    let labels: AlignedBuffer<Int>
    /// Loss and correct answers of each slice.
    let counts: AlignedBuffer<EvaluationCounts>
    /// Two sums per channel, by norm and slice. Those of the backward pass are apart: a fast thread may write
    /// them while a slow one still reads the forward pass's.
    private let forwardSums: AlignedBuffer<Double>
    private let backwardSums: AlignedBuffer<Double>
    private let errors: UnsafeMutablePointer<(any Error)?>
    private let slices: Int

    init(_ program: Program, slices: Int) throws(EngineError) {
        self.slices = slices
        labels = try AlignedBuffer(attempting: program.slice * slices)
        counts = try AlignedBuffer(attempting: slices)
        let sumCount = 2 * program.normChannels * slices
        forwardSums = try AlignedBuffer(attempting: sumCount)
        backwardSums = try AlignedBuffer(attempting: program.backward.isEmpty ? 0 : sumCount)
        errors = .allocate(capacity: slices)
        errors.initialize(repeating: nil, count: slices)
    }

    deinit {
        errors.deinitialize(count: slices)
        errors.deallocate()
    }

    /// First `channels` sums, then `channels` of the other kind.
    func forwardSums(_ norm: NormLayer, slice: Int) -> UnsafeMutablePointer<Double> {
        forwardSums.pointer + 2 * (norm.channelOffset * slices + slice * norm.channels)
    }

    func backwardSums(_ norm: NormLayer, slice: Int) -> UnsafeMutablePointer<Double> {
        backwardSums.pointer + 2 * (norm.channelOffset * slices + slice * norm.channels)
    }

    func note(_ error: any Error, slice: Int) {
        if errors[slice] == nil { errors[slice] = error }
    }

    /// The error of the first slice that has one; forgets all of them.
    func takeError() -> (any Error)? {
        var first: (any Error)?
        for slice in 0..<slices {
            first = first ?? errors[slice]
            errors[slice] = nil
        }
        return first
    }

    /// The slices' counts added up in slice order.
    var totalCounts: EvaluationCounts {
        var total = EvaluationCounts()
        for slice in 0..<slices { total += counts.pointer[slice] }
        return total
    }
}
