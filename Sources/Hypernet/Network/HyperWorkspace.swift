import Synchronization
import TensorCore

/// The hypernetwork's scratch: the latent vectors expanded to channels, their gradients' sums by block, layer
/// and row, and each thread's memory for the kernels.
///
/// Unchecked: each thread writes only its own scratch and the sums of the blocks and layers that it takes.
final class HyperWorkspace: @unchecked Sendable {
    let threads: Int
    /// Expanded latents, by row and by output of each layer.
    let zIn: AlignedBuffer<Float>
    let zOut: AlignedBuffer<Float>
    /// Their gradients, laid out alike.
    let zInSums: AlignedBuffer<Double>
    let zOutSums: AlignedBuffer<Double>
    /// ∂L/∂z_out by block.
    let partials: AlignedBuffer<Double>
    private let taken = Atomic<Int>(0)
    private let scratch: AlignedBuffer<Float>
    private let scratchStride: Int

    /// Floats in a cache line: threads do not share one.
    private static let lineCount = 16

    init(rows: HyperRows, threads: Int) {
        self.threads = threads
        scratchStride = (rows.scratchCount + Self.lineCount - 1) / Self.lineCount * Self.lineCount
        zIn = AlignedBuffer(count: rows.inputCount)
        zOut = AlignedBuffer(count: rows.outputCount)
        zInSums = AlignedBuffer(count: rows.inputCount)
        zOutSums = AlignedBuffer(count: rows.outputCount)
        partials = AlignedBuffer(count: rows.partialCount)
        scratch = AlignedBuffer(count: scratchStride * threads)
    }

    func scratch(of thread: Int) -> UnsafeMutablePointer<Float> { scratch.pointer + thread * scratchStride }

    /// Before a run: nothing is taken, and the latent elements of `state` are repeated to one per row and per
    /// output of each layer.
    func begin(_ state: UnsafePointer<Float>, rows: HyperRows) {
        taken.store(0, ordering: .relaxed)
        for slice in rows.slices {
            let channels = slice.isOutput ? zOut.pointer : zIn.pointer
            slice.repeat(state + slice.latent, into: channels + slice.channel)
        }
    }

    /// Takes blocks, then pieces, that no other thread has taken, until there are none; who takes which does
    /// not show in the results.
    func takeAll(
        blocks: [HyperRows.Block], pieces: ArraySlice<HyperNetwork.Piece>, thread: Int,
        block: (HyperRows.Block, _ scratch: UnsafeMutablePointer<Float>) -> Void,
        piece: (HyperNetwork.Piece) -> Void
    ) {
        while true {
            let index = taken.add(1, ordering: .relaxed).oldValue
            if index < blocks.count {
                block(blocks[index], scratch(of: thread))
            } else if index - blocks.count < pieces.count {
                piece(pieces[pieces.startIndex + index - blocks.count])
            } else {
                return
            }
        }
    }

    /// Adds the sums of a layer's blocks, in their order.
    func sumBlocks(of layer: Int, rows: HyperRows) {
        let (target, count) = (zOutSums.pointer + rows.outputs[layer], rows.layers[layer].outputs)
        target.update(repeating: 0, count: count)
        for block in rows.blocksOfLayer[layer] {
            let partial = partials.pointer + rows.blocks[block].partial
            for output in 0..<count { target[output] += partial[output] }
        }
    }
}

extension HyperRows.Slice {
    fileprivate func `repeat`(
        _ latent: UnsafePointer<Float>, into channels: UnsafeMutablePointer<Float>
    ) {
        var target = channels
        for _ in 0..<tiles {
            if repeats == 1 {
                target.update(from: latent, count: length)
            } else {
                for element in 0..<length {
                    (target + element * repeats).update(repeating: latent[element], count: repeats)
                }
            }
            target += length * repeats
        }
    }
}
