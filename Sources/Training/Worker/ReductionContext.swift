import ClusterCore
import Collective
import NeuralNet
import Synchronization
import TensorCore
import Transport

/// What makes a worker's sums of one step into messages: who it is, and how the vector is cut.
struct ReductionContext: Sendable {
    let run: RunID
    let generation: UInt64
    let worker: UInt32
    let partition: Partition
    let step: Int
    let attempt: UInt32

    func header(
        _ kind: BlockHeader.Kind, part: Int, block: Int, elements: Int, shards: ShardSet
    ) -> BlockHeader {
        BlockHeader(
            kind: kind, run: run.bytes, generation: generation, step: UInt64(step), attempt: attempt,
            part: UInt32(part), block: UInt32(block), elements: UInt32(elements), shards: shards)
    }

    /// A block as a message: header frame and coded frame.
    func message(
        _ header: BlockHeader, _ values: UnsafeBufferPointer<Int32>, _ workspace: BlockWorkspace
    ) -> [Frame] {
        let payload = Frame(capacity: BlockCodec.encodedByteCountMax(elements: values.count)) { buffer in
            BlockCodec.encode(values, into: buffer, workspace: workspace)
        }
        return [Frame(header.encoded()), payload]
    }

    /// The worker's sums as contributions to each part, coded by all compute threads.
    func contributions(
        of sums: UnsafeBufferPointer<Int32>, _ work: StepWork, pool: ComputePool
    ) -> Contributions {
        let shards = ShardSet(work.shards)
        var pieces: [Piece] = []
        for (part, owner) in work.partOwners.enumerated() {
            for (block, range) in partition.blocks(ofPart: part).enumerated() {
                pieces.append(Piece(part: part, block: block, owner: owner, range: range))
            }
        }
        let coded = Mutex([[Frame]?](repeating: nil, count: pieces.count))
        let source = SumsPointer(sums)
        let (threads, all) = (pool.threads, pieces)
        pool.run { thread in
            let workspace = BlockWorkspace()
            for index in stride(from: thread, to: all.count, by: threads) where all[index].owner != worker {
                let piece = all[index]
                let header = header(
                    .contribution, part: piece.part, block: piece.block, elements: piece.range.count,
                    shards: shards)
                let frames = message(
                    header, UnsafeBufferPointer(rebasing: source.sums[piece.range]), workspace)
                coded.withLock { $0[index] = frames }
            }
        }
        let frames = coded.withLock { $0 }
        return Contributions(
            step: step, attempt: attempt, shards: shards,
            own: pieces.filter { $0.owner == worker }.map { piece in
                Contributions.Own(part: piece.part, block: piece.block, values: Array(sums[piece.range]))
            },
            messages: zip(pieces, frames).compactMap { piece, frames in
                frames.map {
                    Contributions.Message(owner: piece.owner, frames: $0, elements: piece.range.count)
                }
            })
    }

    private struct Piece: Sendable {
        let part: Int
        let block: Int
        let owner: UInt32
        let range: Range<Int>
    }
}

/// Unchecked: the sums are only read while the pool runs.
private struct SumsPointer: @unchecked Sendable {
    let sums: UnsafeBufferPointer<Int32>

    init(_ sums: UnsafeBufferPointer<Int32>) {
        self.sums = sums
    }
}

/// One worker's contributions to a step, ready to go out.
struct Contributions: Sendable {
    struct Own: Sendable {
        let part: Int
        let block: Int
        let values: [Int32]
    }

    struct Message: Sendable {
        let owner: UInt32
        let frames: [Frame]
        let elements: Int
    }

    let step: Int
    let attempt: UInt32
    let shards: ShardSet
    /// To parts that the worker owns itself.
    let own: [Own]
    let messages: [Message]
}
