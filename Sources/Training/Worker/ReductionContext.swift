package import ClusterCore
package import Collective
package import TensorCore
import Transport

/// What makes a worker's sums of one step into messages: who it is, and how the vector is cut.
package struct ReductionContext: Equatable, Sendable {
    package let run: RunID
    package let generation: UInt64
    package let worker: UInt32
    package let partition: Partition
    package let step: Int
    package let attempt: UInt32
    /// Workers on this machine: blocks for them are not coded.
    package let near: Set<UInt32>

    package init(
        run: RunID, generation: UInt64, worker: UInt32, partition: Partition, step: Int, attempt: UInt32,
        near: Set<UInt32> = []
    ) {
        self.run = run
        self.generation = generation
        self.worker = worker
        self.partition = partition
        self.step = step
        self.attempt = attempt
        self.near = near
    }

    func header(
        _ kind: BlockHeader.Kind, part: Int, block: Int, elements: Int, shards: ShardSet
    ) -> BlockHeader {
        BlockHeader(
            kind: kind, run: run.bytes, generation: generation, step: UInt64(step), attempt: attempt,
            part: UInt32(part), block: UInt32(block), elements: UInt32(elements), shards: shards)
    }

    /// A block as a message: header frame and coded frame.
    func message(
        _ header: BlockHeader, _ values: UnsafeBufferPointer<Int32>, _ workspace: BlockWorkspace, raw: Bool
    ) -> [Frame] {
        [Frame(header.encoded()), BlockCoding.payload(values, workspace, raw: raw)]
    }

    /// The worker's sums over `shards` as contributions to each part.
    /// - Parameters:
    ///   - owners: of the parts.
    ///   - pool: codes with all its threads; nil: on this one.
    package func contributions(
        of sums: UnsafeBufferPointer<Int32>, shards: ShardSet, owners: [UInt32], pool: ComputePool?
    ) -> Contributions {
        contributions(of: sums, shards: shards, pieces: pieces(owners), pool: pool)
    }

    /// Those of some blocks.
    func contributions(
        of sums: UnsafeBufferPointer<Int32>, shards: ShardSet, pieces: [Piece], pool: ComputePool?
    ) -> Contributions {
        let away = pieces.filter { $0.owner != worker }
        let payloads = BlockCoding.payloads(
            of: sums, away.map { .init(range: $0.range, isNear: near.contains($0.owner)) }, pool: pool)
        return Contributions(
            step: step, attempt: attempt, generation: generation, shards: shards,
            own: pieces.filter { $0.owner == worker }.map { piece in
                Contributions.Own(part: piece.part, block: piece.block, values: Array(sums[piece.range]))
            },
            messages: zip(away, payloads).map { piece, payload in
                let header = header(
                    .contribution, part: piece.part, block: piece.block, elements: piece.range.count,
                    shards: shards)
                return Contributions.Message(
                    owner: piece.owner, frames: [Frame(header.encoded()), payload],
                    elements: piece.range.count)
            })
    }

    /// The parts of a reduced vector that this worker owns.
    /// - Parameter shards: of a global batch.
    package func served(
        _ vector: UnsafeBufferPointer<Int32>, shards: Int, owners: [UInt32], pool: ComputePool?
    ) -> Served {
        let own = pieces(owners).filter { $0.owner == worker }
        let payloads = BlockCoding.payloads(
            of: vector, own.map { .init(range: $0.range, isNear: false) }, pool: pool)
        return Served(
            generation: generation,
            messages: zip(own, payloads).map { piece, payload in
                let header = header(
                    .reduced, part: piece.part, block: piece.block, elements: piece.range.count,
                    shards: .all(shards))
                return Served.Message(
                    frames: [Frame(header.encoded()), payload], elements: piece.range.count)
            })
    }

    /// A block, its owner, and where it lies in the vector.
    struct Piece: Sendable {
        let part: Int
        let block: Int
        let owner: UInt32
        let range: Range<Int>
    }

    func pieces(_ owners: [UInt32]) -> [Piece] {
        owners.enumerated().flatMap { part, owner in
            partition.blocks(ofPart: part).enumerated().map { block, range in
                Piece(part: part, block: block, owner: owner, range: range)
            }
        }
    }
}
