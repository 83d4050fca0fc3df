/// Every worker's side: the whole reduced vector from its parts' blocks, in any order. One thread at a time.
public final class Gathering {
    /// For each part its blocks, in the flat vector.
    private let blocks: [[Range<Int>]]
    /// Which of them have come.
    private var taken: [[Bool]]
    private var missing: Int
    private let vector: UnsafeMutableBufferPointer<Int32>

    /// `parts` and `count` are those of `partition`.
    public init(partition: Partition, parts: Int, count: Int) {
        precondition(
            partition.parts == parts && partition.count == count,
            "\(parts) parts of \(count) elements, not \(partition.parts) of \(partition.count)")
        blocks = (0..<parts).map { partition.blocks(ofPart: $0) }
        taken = blocks.map { Array(repeating: false, count: $0.count) }
        missing = blocks.reduce(0) { $0 + $1.count }
        vector = .allocate(capacity: count)
        vector.initialize(repeating: 0)
    }

    deinit { vector.deallocate() }

    /// Forgets all blocks, for another attempt or step.
    public func reset() {
        for part in taken.indices {
            for block in taken[part].indices { taken[part][block] = false }
        }
        missing = blocks.reduce(0) { $0 + $1.count }
    }

    /// Whether every block has come; an empty vector's have.
    public var isComplete: Bool { missing == 0 }

    /// Whether this block has come. False for a block or part that does not exist.
    public func contains(part: Int, block: Int) -> Bool {
        taken.indices.contains(part) && taken[part].indices.contains(block) && taken[part][block]
    }

    /// Takes a coded block; ignores one that has come before. Returns whether this one completed the vector.
    /// Throws, and takes nothing, if there is no such block or if the bytes are not one.
    public func take(
        part: Int, block: Int, bytes: UnsafeRawBufferPointer, workspace: BlockWorkspace
    ) throws(CollectiveError) -> Bool {
        guard let target = try target(part: part, block: block) else { return false }
        try BlockCodec.decode(bytes, into: target, workspace: workspace)
        return accept(part: part, block: block)
    }

    /// Takes a block of this worker's own part.
    public func take(
        part: Int, block: Int, values: UnsafeBufferPointer<Int32>
    ) throws(CollectiveError) -> Bool {
        guard let target = try target(part: part, block: block) else { return false }
        guard values.count == target.count else {
            throw .unknown(what: "element count", expected: "\(target.count)", got: "\(values.count)")
        }
        if let to = target.baseAddress, let from = values.baseAddress {
            to.update(from: from, count: values.count)
        }
        return accept(part: part, block: block)
    }

    /// The whole reduced vector, once complete; valid until `reset`.
    public var values: UnsafeBufferPointer<Int32> {
        precondition(isComplete, "\(missing) blocks are missing")
        return UnsafeBufferPointer(vector)
    }

    /// Where the block goes; nil if it is there.
    private func target(
        part: Int, block: Int
    ) throws(CollectiveError) -> UnsafeMutableBufferPointer<Int32>? {
        guard blocks.indices.contains(part) else {
            throw .unknown(what: "part", expected: "0..<\(blocks.count)", got: "\(part)")
        }
        guard blocks[part].indices.contains(block) else {
            throw .unknown(what: "block", expected: "0..<\(blocks[part].count)", got: "\(block)")
        }
        return taken[part][block] ? nil : UnsafeMutableBufferPointer(rebasing: vector[blocks[part][block]])
    }

    private func accept(part: Int, block: Int) -> Bool {
        taken[part][block] = true
        missing -= 1
        return isComplete
    }
}
