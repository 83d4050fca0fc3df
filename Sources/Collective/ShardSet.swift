/// A set of shards of one step's global batch: a bitmap that names what a sum contains.
public struct ShardSet: Equatable, Hashable, Sendable {
    /// Shards in a global batch; their numbers are below this.
    public static let shardsMax = 4096
    /// Bytes of the longest bitmap.
    public static let byteCountMax = shardsMax / 8

    /// Bit s % 64 of word s / 64 is shard s. The last word is never zero, so equal sets have equal words.
    private var words: [UInt64] = []

    public init() {}

    /// Each shard is in 0..<`shardsMax`.
    public init(_ shards: some Sequence<Int>) {
        for shard in shards { insert(shard) }
    }

    /// The shards 0..<`count` of a whole global batch.
    public static func all(_ count: Int) -> ShardSet { ShardSet(0..<count) }

    public var isEmpty: Bool { words.isEmpty }

    public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// One more than the largest shard; 0 if there is none.
    public var upperBound: Int {
        guard let last = words.last else { return 0 }
        return words.count * 64 - last.leadingZeroBitCount
    }

    public mutating func insert(_ shard: Int) {
        precondition(
            shard >= 0 && shard < Self.shardsMax, "shard \(shard) is not in 0..<\(Self.shardsMax)")
        let (word, bit) = shard.quotientAndRemainder(dividingBy: 64)
        if word >= words.count { words.append(contentsOf: repeatElement(0, count: word + 1 - words.count)) }
        words[word] |= 1 << UInt64(bit)
    }

    public func contains(_ shard: Int) -> Bool {
        guard shard >= 0 && shard / 64 < words.count else { return false }
        return words[shard / 64] >> UInt64(shard % 64) & 1 == 1
    }

    public func isSubset(of other: ShardSet) -> Bool {
        words.count <= other.words.count && zip(words, other.words).allSatisfy { $0 & ~$1 == 0 }
    }

    public func isDisjoint(with other: ShardSet) -> Bool {
        zip(words, other.words).allSatisfy { $0 & $1 == 0 }
    }

    public mutating func formUnion(_ other: ShardSet) {
        if other.words.count > words.count {
            words.append(contentsOf: repeatElement(0, count: other.words.count - words.count))
        }
        for word in other.words.indices { words[word] |= other.words[word] }
    }

    /// Whether this is exactly the shards 0..<`count`.
    public func isFull(_ count: Int) -> Bool {
        upperBound == count && self.count == count
    }
}

extension ShardSet {
    /// The bitmap, shard s at bit s % 8 of byte s / 8, without trailing zero bytes.
    public var bytes: [UInt8] {
        (0..<(upperBound + 7) / 8).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> UInt64($0 % 8 * 8)) }
    }

    /// Reads what `bytes` gave. Throws if the bitmap is too long or ends in a zero byte.
    public init(bytes: some Collection<UInt8>) throws(CollectiveError) {
        guard bytes.count <= Self.byteCountMax else {
            throw .header(
                field: "shard bitmap bytes", expected: "at most \(Self.byteCountMax)", got: "\(bytes.count)")
        }
        words = Array(repeating: 0, count: (bytes.count + 7) / 8)
        var last: UInt8 = 1
        for (index, byte) in bytes.enumerated() {
            words[index / 8] |= UInt64(byte) << UInt64(index % 8 * 8)
            last = byte
        }
        guard last != 0 else {
            throw .header(field: "shard bitmap's last byte", expected: "a shard", got: "0")
        }
    }
}

extension ShardSet: CustomStringConvertible {
    /// Runs of shards: "0-7,12".
    public var description: String {
        var runs: [String] = []
        var shard = 0
        while shard < upperBound {
            guard contains(shard) else {
                shard += 1
                continue
            }
            let first = shard
            while contains(shard + 1) { shard += 1 }
            runs.append(first == shard ? "\(first)" : "\(first)-\(shard)")
            shard += 1
        }
        return runs.joined(separator: ",")
    }
}

extension ShardSet: Sequence {
    /// The shards in order.
    public func makeIterator() -> some IteratorProtocol<Int> {
        (0..<upperBound).lazy.filter(contains).makeIterator()
    }
}
