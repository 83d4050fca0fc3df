import CKernels

/// The owner's side of one part: sums contributions block by block until every block holds every shard. Exact
/// sums make the order and the grouping of contributions irrelevant, and a complete block's value the only
/// possible one. One thread at a time.
public final class PartReducer {
    public enum Outcome: Equatable, Sendable {
        case accepted
        /// All its shards were there already.
        case duplicate
        /// Accepted, and this block now holds every shard.
        case blockComplete(Int)
        /// Some but not all of its shards were there already: it can't be added without counting those twice.
        case unusable
    }

    /// Where the part and its blocks lie in the flat vector.
    public let range: Range<Int>
    public let blocks: [Range<Int>]
    /// Shards in the global batch.
    public let shards: Int

    /// The part's integers; those of a block are defined once it holds a shard.
    private let sums: UnsafeMutableBufferPointer<Int32>
    /// What each block holds.
    private var held: [ShardSet]
    private var completeBlocks = 0

    /// `blocks` cover `range` in order, as `Partition` gives them.
    public init(range: Range<Int>, blocks: [Range<Int>], shards: Int) {
        var end = range.lowerBound
        for block in blocks {
            precondition(
                block.lowerBound == end && block.count <= Partition.blockElementsMax,
                "block \(block) after \(end)")
            end = block.upperBound
        }
        precondition(end == range.upperBound, "blocks up to \(end) of the part \(range)")
        precondition(shards >= 1 && shards <= ShardSet.shardsMax, "\(shards) shards in a global batch")
        self.range = range
        self.blocks = blocks
        self.shards = shards
        sums = .allocate(capacity: range.count)
        sums.initialize(repeating: 0)
        held = Array(repeating: ShardSet(), count: blocks.count)
    }

    deinit { sums.deallocate() }

    /// Forgets all contributions, for another attempt or step.
    public func reset() {
        for block in held.indices { held[block] = ShardSet() }
        completeBlocks = 0
    }

    /// Whether every block holds every shard; an empty part always does.
    public var isComplete: Bool { completeBlocks == blocks.count }

    /// The shards that a block holds so far.
    public func shards(ofBlock block: Int) -> ShardSet { held[block] }

    /// Adds a worker's coded sum over `shards`. Throws, leaving the sums untouched, if this part has no such
    /// block, the batch no such shard, or if the bytes are no such block.
    public func contribute(
        block: Int, shards: ShardSet, bytes: UnsafeRawBufferPointer, workspace: BlockWorkspace
    ) throws(CollectiveError) -> Outcome {
        if let outcome = try judge(block: block, shards: shards) { return outcome }
        if held[block].isEmpty {
            try BlockCodec.decode(bytes, into: sums(ofBlock: block), workspace: workspace)
        } else {
            try BlockCodec.add(bytes, to: sums(ofBlock: block), workspace: workspace)
        }
        return accept(block: block, shards: shards)
    }

    /// Adds the owner's own sum over `shards`, not coded.
    public func contribute(
        block: Int, shards: ShardSet, values: UnsafeBufferPointer<Int32>
    ) throws(CollectiveError) -> Outcome {
        if let outcome = try judge(block: block, shards: shards) { return outcome }
        let target = sums(ofBlock: block)
        guard values.count == target.count else {
            throw .unknown(what: "element count", expected: "\(target.count)", got: "\(values.count)")
        }
        if let to = target.baseAddress, let from = values.baseAddress {
            if held[block].isEmpty {
                to.update(from: from, count: values.count)
            } else {
                espalier_int_add(to, from, values.count)
            }
        }
        return accept(block: block, shards: shards)
    }

    /// The sum over all shards of a block that holds them all; valid until `reset`.
    public func values(ofBlock block: Int) -> UnsafeBufferPointer<Int32> {
        precondition(held[block].isFull(shards), "block \(block) holds only shards \(held[block])")
        return UnsafeBufferPointer(sums(ofBlock: block))
    }

    private func sums(ofBlock block: Int) -> UnsafeMutableBufferPointer<Int32> {
        let (first, last) = (blocks[block].lowerBound, blocks[block].upperBound)
        return UnsafeMutableBufferPointer(rebasing: sums[first - range.lowerBound..<last - range.lowerBound])
    }

    /// What becomes of a contribution, nil if it is to be added.
    private func judge(block: Int, shards: ShardSet) throws(CollectiveError) -> Outcome? {
        guard blocks.indices.contains(block) else {
            throw .unknown(what: "block", expected: "0..<\(blocks.count)", got: "\(block)")
        }
        guard shards.upperBound <= self.shards else {
            throw .unknown(what: "shard", expected: "0..<\(self.shards)", got: "\(shards.upperBound - 1)")
        }
        if shards.isSubset(of: held[block]) { return .duplicate }
        return shards.isDisjoint(with: held[block]) ? nil : .unusable
    }

    private func accept(block: Int, shards: ShardSet) -> Outcome {
        held[block].formUnion(shards)
        guard held[block].isFull(self.shards) else { return .accepted }
        completeBlocks += 1
        return .blockComplete(block)
    }
}
