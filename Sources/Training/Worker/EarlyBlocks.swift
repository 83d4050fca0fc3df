import Collective
import Transport

/// Data messages that came before the coordinator's word on their step.
struct EarlyBlocks {
    struct Block {
        let header: BlockHeader
        let payload: Frame
        /// The sender's identity.
        let sender: [UInt8]
    }

    private var blocks: [Block] = []
    private var byteCount = 0

    /// - Returns: false if there is no room for it.
    mutating func keep(_ block: Block, bytesMax: Int) -> Bool {
        guard byteCount + block.payload.count <= bytesMax else { return false }
        byteCount += block.payload.count
        blocks.append(block)
        return true
    }

    /// All of them, to be looked at again.
    mutating func take() -> [Block] {
        defer { self = EarlyBlocks() }
        return blocks
    }
}
