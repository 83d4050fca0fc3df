import TensorCore

/// The hypernetwork's scratch: the latent vectors expanded to channels, sums of blocks and rows, and per
/// thread the kernels' scratch and one row's gradients.
///
/// Unchecked: each thread writes only its own scratch and the sums of the blocks that it takes.
final class HyperWorkspace: @unchecked Sendable {
    let threads: Int
    let expanded: AlignedBuffer<Float>
    let partials: AlignedBuffer<Double>
    let rowSums: AlignedBuffer<Double>
    private let scratch: AlignedBuffer<Float>
    private let rowGradients: AlignedBuffer<Float>
    private let scratchStride: Int
    private let rowGradientStride: Int

    /// Floats in a cache line: threads do not share one.
    private static let lineCount = 16

    init(rows: HyperRows, threads: Int) {
        self.threads = threads
        scratchStride = (rows.scratchCount + Self.lineCount - 1) / Self.lineCount * Self.lineCount
        rowGradientStride = (rows.rowGradientCount + Self.lineCount - 1) / Self.lineCount * Self.lineCount
        expanded = AlignedBuffer(count: rows.expandedCount)
        partials = AlignedBuffer(count: rows.partialCount)
        rowSums = AlignedBuffer(count: rows.rowSumCount)
        scratch = AlignedBuffer(count: scratchStride * threads)
        rowGradients = AlignedBuffer(count: rowGradientStride * threads)
    }

    func scratch(of thread: Int) -> UnsafeMutablePointer<Float> { scratch.pointer + thread * scratchStride }

    func rowGradient(of thread: Int) -> UnsafeMutablePointer<Float> {
        rowGradients.pointer + thread * rowGradientStride
    }

    /// Repeats the latent elements of `state` to one per output channel of each layer.
    func expandLatents(_ state: UnsafePointer<Float>, rows: HyperRows, latentOffsets: [Int]) {
        for (layer, start) in zip(rows.layers, rows.expanded) {
            let latent = state + latentOffsets[layer.output.vector]
            let target = expanded.pointer + start
            for output in 0..<layer.outputs { target[output] = latent[output / layer.output.repeats] }
        }
    }
}
