import ClusterCore
import Collective
package import TensorCore
package import Transport

/// The reduced vector of one step, coded for workers that have not taken part in it.
package struct HistoryVector: Sendable {
    package struct Block: Sendable {
        package let elements: Int
        package let payload: Frame
    }

    /// The committed steps before it.
    package let step: Int
    /// That the vector was coded with: JSON.
    package let exponents: String
    package let blocks: [Block]

    /// - Parameter pool: codes with all its threads; nil: on this one.
    package init(
        step: Int, exponents: String, vector: UnsafeBufferPointer<Int32>, pool: ComputePool?
    ) {
        self.step = step
        self.exponents = exponents
        let ranges = Partition(count: vector.count, parts: 1).blocks(ofPart: 0)
        let payloads = BlockCoding.payloads(
            of: vector, ranges.map { .init(range: $0, isNear: false) }, pool: pool)
        blocks = zip(ranges, payloads).map { Block(elements: $0.count, payload: $1) }
    }

    var byteCount: Int { blocks.reduce(0) { $0 + $1.payload.count } }

    /// The messages of a feed: the exponents, then the blocks.
    func messages(feed: UInt64, run: RunID, envelope: (ControlMessage.Body) -> ControlMessage) -> [[Frame]] {
        var chunk = WireStateChunk()
        chunk.step = UInt64(step)
        chunk.feed = feed
        chunk.exponents = exponents
        let first = [Frame(envelope(.stateChunk(chunk)).encoded()), Frame([UInt8]())]
        return [first]
            + blocks.enumerated().map { index, block in
                let header = BlockHeader(
                    kind: .history, run: run.bytes, generation: feed, step: UInt64(step), attempt: 0, part: 0,
                    block: UInt32(index), elements: UInt32(block.elements), shards: ShardSet())
                return [Frame(header.encoded()), block.payload]
            }
    }
}
