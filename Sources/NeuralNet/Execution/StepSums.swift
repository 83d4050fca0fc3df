import CKernels
import Glibc
import TensorCore

/// The sums of the step under way: all threads add their slices' contributions to the one vector that the
/// caller gave. They are integers, so the order in which threads come does not show.
///
/// Unchecked: a vector is set while no thread adds, and what is added to is locked.
final class StepSums: @unchecked Sendable {
    /// A segment, cut in blocks of rows that are added to under one lock each.
    private struct Place {
        var offset: Int
        var layout: WeightLayout
        var rowsOfBlock: Int
        var firstLock: Int

        var blocks: Int { (layout.rows + rowsOfBlock - 1) / rowsOfBlock }
    }

    /// Elements of a block, at least: enough work to make a lock cheap.
    private static let blockElements = 8192
    /// Rows of a block are a multiple: oneDNN lays so many side by side, and they are read together.
    private static let rowsTogether = Int(ESPALIER_FIXED_ROWS)

    private let places: [Place]
    private let count: Int
    private let locks: UnsafeMutablePointer<pthread_mutex_t>
    private let lockCount: Int
    private let scales: AlignedBuffer<Float>
    private let limits: AlignedBuffer<Float>
    private var vector: UnsafeMutablePointer<Int32>?

    init(_ layout: ReductionLayout, program: Program, kernels: [ConvolutionKernel]) throws(EngineError) {
        var layouts: [Int: WeightLayout] = [:]
        for (layer, kernel) in zip(program.convolutions, kernels) {
            layouts[layer.weight] = kernel.gradientLayout
        }
        for layer in program.linears { layouts[layer.weight] = layer.gradientLayout }
        var (places, lockCount) = ([Place](), 0)
        for (index, segment) in layout.segments.enumerated() {
            var place = Place(
                offset: segment.offset,
                layout: layouts[index] ?? WeightLayout(rows: 1, rowLength: segment.count), rowsOfBlock: 1,
                firstLock: lockCount)
            let wanted = Self.blockElements / max(place.layout.rowLength, 1)
            place.rowsOfBlock = max(wanted / Self.rowsTogether, 1) * Self.rowsTogether
            lockCount += place.blocks
            places.append(place)
        }
        self.places = places
        self.lockCount = lockCount
        count = layout.count
        locks = .allocate(capacity: lockCount)
        for index in 0..<lockCount { pthread_mutex_init(locks + index, nil) }
        scales = try AlignedBuffer(attempting: places.count)
        limits = try AlignedBuffer(attempting: places.count)
    }

    deinit {
        for index in 0..<lockCount { pthread_mutex_destroy(locks + index) }
        locks.deallocate()
    }

    /// Opens a step. A segment without an exponent has scale and limit 0: contributions are measured and add
    /// nothing.
    /// - Parameter vector: `layout.count` elements, to be cleared by the threads.
    func begin(_ state: FixedPointState, layout: ReductionLayout, vector: UnsafeMutablePointer<Int32>) {
        self.vector = vector
        for (index, segment) in layout.segments.enumerated() {
            let isKnown = state.codes[index].exponent != nil
            scales.pointer[index] = state.scale(of: index)
            limits.pointer[index] = isKnown ? state.limit(for: segment.kind) : 0
        }
    }

    /// Closes it.
    func end() { vector = nil }

    /// Sets one thread's part of the vector to zero.
    func clear(thread: Int, threads: Int) {
        let range = Executor.slices(of: thread, threads: threads, slices: count)
        vector?.advanced(by: range.lowerBound).update(repeating: 0, count: range.count)
    }

    /// Sets an element that no thread adds to.
    func set(_ index: Int, _ value: Int32) { vector?[index] = value }

    /// Codes one contribution to a segment, in the layout of the pass that made it, and adds it.
    /// - Parameter place: where to begin, in 0..<1; threads that begin apart do not wait for each other.
    /// - Returns: the largest |value|.
    func add(_ values: UnsafePointer<Float>, to segment: Int, from place: Double) -> Float {
        guard let vector else { preconditionFailure("a contribution outside a step") }
        let (target, blocks) = (places[segment], places[segment].blocks)
        let first = Int(place * Double(blocks))
        var largest: Float = 0
        for turn in 0..<blocks {
            let block = first + turn < blocks ? first + turn : first + turn - blocks
            let lock = locks + (target.firstLock + block)
            pthread_mutex_lock(lock)
            largest = max(largest, add(values, segment, target, block: block, vector))
            pthread_mutex_unlock(lock)
        }
        return largest
    }

    /// Whether a largest |value| was coded without a cut.
    func fits(_ magnitude: Float, segment: Int) -> Bool {
        magnitude * scales.pointer[segment] <= limits.pointer[segment]
    }

    @inline(__always)
    private func add(
        _ values: UnsafePointer<Float>, _ segment: Int, _ place: borrowing Place, block: Int,
        _ vector: UnsafeMutablePointer<Int32>
    ) -> Float {
        let (scale, limit) = (scales.pointer[segment], limits.pointer[segment])
        let rows = block * place.rowsOfBlock..<min((block + 1) * place.rowsOfBlock, place.layout.rows)
        let length = place.layout.rowLength
        let sums = vector + place.offset
        guard !place.layout.isPlain else {
            let start = rows.lowerBound * length
            return espalier_fixed_add(values + start, sums + start, rows.count * length, scale, limit)
        }
        var largest: Float = 0
        var row = rows.lowerBound
        while row < rows.upperBound {
            let (from, to) = (values + Int(place.layout.rowStarts[row]), sums + row * length)
            let magnitude: Float
            let together = row..<row + Self.rowsTogether
            // Not beyond the block, whose rows others add: groups whose channels are no multiple of sixteen
            // begin in the middle of one.
            if together.upperBound <= rows.upperBound, place.layout.liesSideBySide(rows: together) {
                magnitude = espalier_fixed_transposed_add(
                    from, place.layout.columns, to, length, scale, limit)
                row += Self.rowsTogether
            } else {
                magnitude = espalier_fixed_gather_add(from, place.layout.columns, to, length, scale, limit)
                row += 1
            }
            largest = max(largest, magnitude)
        }
        return largest
    }
}

extension WeightLayout {
    /// Whether there are such rows and the elements of a column lie one after another in them.
    fileprivate func liesSideBySide(rows: Range<Int>) -> Bool {
        rows.allSatisfy {
            rowStarts[$0] == rowStarts[rows.lowerBound] + Int32($0 - rows.lowerBound)
        }
    }
}

extension LinearLayer {
    /// Of its weight's gradient, which the pass makes as (out, pixels, channels).
    fileprivate var gradientLayout: WeightLayout {
        guard pixels > 1 else { return WeightLayout(rows: outFeatures, rowLength: inFeatures) }
        return WeightLayout(
            rowStarts: (0..<outFeatures).map { Int32($0 * inFeatures) },
            columns: (0..<inFeatures).map { Int32($0 % pixels * channels + $0 / pixels) })
    }
}
