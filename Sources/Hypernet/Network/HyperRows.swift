import CKernels

/// What the kernels run over: every row (one input channel) of every layer, cut into blocks of rows.
///
/// The cut depends on the layers alone, never on the number of threads: each block's latent gradients are
/// summed by themselves in fp64 and the blocks' sums added in their order.
struct HyperRows: Sendable {
    /// One layer: its sizes, where its tensors begin in the state, and how its weights lie in memory.
    struct Layer: Sendable {
        var shape: espalier_hyper_shape
        /// C, input channels of a group.
        var rows: Int
        var input: LatentWiring.Side
        var output: LatentWiring.Side
        var w1: Int
        var w2: Int
        var b0: Int
        var b1: Int
        var b2: Int
        /// Of W in the network's own layout: its start, and the distance of two rows and of two outputs.
        var weight: Int
        var weightRowStride: Int
        var weightOutputStride: Int

        var outputs: Int { Int(shape.outputs) }
        /// Elements of w2 in a row, the largest part of it.
        var rowCount: Int { Int(shape.outputs * shape.taps * shape.embedding) }
    }

    struct Block: Sendable {
        let layer: Int
        let rows: Range<Int>
        /// Where this block's ∂L/∂z_out begins among the partial sums.
        let partial: Int
    }

    /// Elements of w2 that a block has at least: enough to keep the sums of blocks small beside it.
    static let blockCountMin = 1 << 16

    let layers: [Layer]
    let blocks: [Block]
    /// Where each layer's z_out, one element an output channel, begins among the expanded latents.
    let expanded: [Int]
    let expandedCount: Int
    /// Where each layer's ∂L/∂z_in, one element a row, begins among the rows' sums.
    let rowSums: [Int]
    let rowSumCount: Int
    let partialCount: Int
    /// Floats of scratch a thread needs for the kernels.
    let scratchCount: Int
    /// Floats that one row's gradients take in the widest layer.
    let rowGradientCount: Int

    init(_ layers: [Layer]) {
        self.layers = layers
        var blocks: [Block] = []
        var expanded: [Int] = []
        var rowSums: [Int] = []
        var (expandedCount, rowSumCount, partialCount) = (0, 0, 0)
        for (index, layer) in layers.enumerated() {
            expanded.append(expandedCount)
            expandedCount += layer.outputs
            rowSums.append(rowSumCount)
            rowSumCount += layer.rows
            let rowsPerBlock = max(1, (Self.blockCountMin + layer.rowCount - 1) / max(layer.rowCount, 1))
            for start in stride(from: 0, to: layer.rows, by: rowsPerBlock) {
                let rows = start..<min(start + rowsPerBlock, layer.rows)
                blocks.append(Block(layer: index, rows: rows, partial: partialCount))
                partialCount += layer.outputs
            }
        }
        self.blocks = blocks
        self.expanded = expanded
        self.rowSums = rowSums
        self.expandedCount = expandedCount
        self.rowSumCount = rowSumCount
        self.partialCount = partialCount
        scratchCount = layers.map { Int(espalier_hyper_scratch($0.shape)) }.max() ?? 0
        rowGradientCount = layers.map(\.rowParameterCount).max() ?? 0
    }
}

extension HyperRows.Layer {
    /// Parameters of a row: w2, w1, b0, b1, b2.
    var rowParameterCount: Int {
        rowCount + Int(2 * shape.embedding * shape.outputs + shape.outputs + shape.taps * shape.outputs)
    }

    /// The five parts of row `row` in a vector laid out like the state.
    func row(_ row: Int, in state: UnsafeMutablePointer<Float>) -> espalier_hyper_row {
        let (outputs, taps, embedding) = (Int(shape.outputs), Int(shape.taps), Int(shape.embedding))
        return espalier_hyper_row(
            w1: state + w1 + row * embedding * outputs, w2: state + w2 + row * rowCount,
            b0: state + b0 + row * outputs, b1: state + b1 + row * embedding * outputs,
            b2: state + b2 + row * taps * outputs)
    }

    /// The five parts of one row, one after the other in `memory` of `rowParameterCount` floats.
    func row(packedIn memory: UnsafeMutablePointer<Float>) -> espalier_hyper_row {
        let (outputs, embedding) = (Int(shape.outputs), Int(shape.embedding))
        let w1 = memory + rowCount
        let b0 = w1 + embedding * outputs
        let b1 = b0 + outputs
        return espalier_hyper_row(w1: w1, w2: memory, b0: b0, b1: b1, b2: b1 + embedding * outputs)
    }
}
