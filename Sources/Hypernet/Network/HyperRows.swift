import CKernels

/// What the kernels run over: every row (one input channel) of every layer, cut into blocks of rows.
///
/// The cut depends on the layers alone, never on the number of threads: each block's latent gradients are
/// summed by themselves in fp64, and the blocks' sums added in their order.
struct HyperRows: Sendable {
    /// One layer: its sizes, where its tensors begin in the state, and how its weights lie in memory.
    struct Layer: Sendable {
        var shape: espalier_hyper_shape
        /// C, input channels of a group.
        var rows: Int
        var w1: Int
        var w2: Int
        var b0: Int
        var b1: Int
        var b2: Int
        /// Of W in the network's own layout: its tensor's index, and its first element. It is (N, C, k²).
        var segment: Int
        var weight: Int

        var outputs: Int { Int(shape.outputs) }
        /// Elements of W between two outputs.
        var weightStride: Int { rows * Int(shape.taps) }
    }

    struct Block: Sendable {
        let layer: Int
        let rows: Range<Int>
        /// Where this block's ∂L/∂z_out begins among the partial sums.
        let partial: Int
    }

    /// A part of one side of a layer: latent elements repeated to adjacent channels, and that run of channels
    /// once for each tile.
    struct Slice: Sendable {
        /// Whether the channels are a layer's outputs, else its rows; and where they begin among all layers'.
        let isOutput: Bool
        let channel: Int
        /// Where the vector begins in the state, and its elements.
        let latent: Int
        let length: Int
        let repeats: Int
        let tiles: Int
    }

    let layers: [Layer]
    /// By layer, its outputs' parts before its rows'.
    let slices: [Slice]
    let blocks: [Block]
    /// By layer: its blocks, one after the other.
    let blocksOfLayer: [Range<Int>]
    /// Where each layer's z_in, one element a row, and z_out, one an output, begin among those of all layers.
    let inputs: [Int]
    let outputs: [Int]
    let inputCount: Int
    let outputCount: Int
    let partialCount: Int
    /// Floats of scratch that a thread needs for the kernels.
    let scratchCount: Int

    /// - Parameters:
    ///   - sides: what each layer's rows and outputs have.
    ///   - latents: where each latent vector lies in the state.
    init(_ layers: [Layer], sides: [LatentWiring.Layer], latents: [Range<Int>]) {
        self.layers = layers
        var blocks: [Block] = []
        var blocksOfLayer: [Range<Int>] = []
        var (inputs, outputs) = ([Int](), [Int]())
        var (inputCount, outputCount, partialCount, scratchCount) = (0, 0, 0, 0)
        for (index, layer) in layers.enumerated() {
            inputs.append(inputCount)
            inputCount += layer.rows
            outputs.append(outputCount)
            outputCount += layer.outputs
            let (first, size) = (blocks.count, layer.rowsPerBlock)
            for start in stride(from: 0, to: layer.rows, by: size) {
                let rows = start..<min(start + size, layer.rows)
                blocks.append(Block(layer: index, rows: rows, partial: partialCount))
                partialCount += layer.outputs
            }
            blocksOfLayer.append(first..<blocks.count)
            scratchCount = max(scratchCount, espalier_hyper_scratch(layer.shape, min(size, layer.rows)))
        }
        slices = layers.indices.flatMap { layer in
            Slice.slices(of: sides[layer].output, isOutput: true, from: outputs[layer], latents)
                + Slice.slices(of: sides[layer].input, isOutput: false, from: inputs[layer], latents)
        }
        self.blocks = blocks
        self.blocksOfLayer = blocksOfLayer
        self.inputs = inputs
        self.outputs = outputs
        self.inputCount = inputCount
        self.outputCount = outputCount
        self.partialCount = partialCount
        self.scratchCount = scratchCount
    }
}

extension HyperRows.Slice {
    fileprivate static func slices(
        of side: LatentWiring.Side, isOutput: Bool, from first: Int, _ latents: [Range<Int>]
    ) -> [Self] {
        var channel = first
        return side.parts.map { part in
            let latent = latents[part.vector]
            defer { channel += latent.count * part.repeats * part.tiles }
            return Self(
                isOutput: isOutput, channel: channel, latent: latent.lowerBound, length: latent.count,
                repeats: part.repeats, tiles: part.tiles)
        }
    }
}

extension HyperRows.Layer {
    /// Elements of w2 that a block has if the layer does: enough to keep the sums of blocks small beside it.
    private static let blockCount = 1 << 16
    /// Elements of W that a block has at most, more than one row's: they wait in a core's cache to be
    /// transposed.
    private static let tileCountMax = 1 << 18
    /// A block's elements of W of one output: two cache lines, so that few lines have two owners.
    private static let runCount = 32

    /// A power of two, in sixteens where that is not too much: a cache line of weights is one block's.
    fileprivate var rowsPerBlock: Int {
        let (taps, wide) = (Int(shape.taps), Int(shape.taps * shape.outputs))
        let isEnough = { (rows: Int) in
            rows * taps >= Self.runCount && rows * wide * Int(shape.embedding) >= Self.blockCount
        }
        var size = 16
        while size < rows, !isEnough(size), 2 * size * wide <= Self.tileCountMax { size *= 2 }
        while size > 1, size * wide > Self.tileCountMax { size /= 2 }
        return size
    }

    /// The five parts from row `row` on, in a vector laid out like the state.
    func parts(from row: Int, in state: UnsafeMutablePointer<Float>) -> espalier_hyper_rows {
        let (taps, embedding) = (Int(shape.taps), Int(shape.embedding))
        let start = row * outputs
        return espalier_hyper_rows(
            w1: state + w1 + start * embedding, w2: state + w2 + start * embedding * taps,
            b0: state + b0 + start, b1: state + b1 + start * embedding, b2: state + b2 + start * taps)
    }
}
