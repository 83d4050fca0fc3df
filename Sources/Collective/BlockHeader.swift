/// What goes before a block's coded bytes, in a frame of its own: which step, part and block they belong to,
/// and which shards they sum. Little-endian:
///
///     0  magic "ESPB"     8  run (16 bytes)    40  attempt (4)   52  elements (4)
///     4  version (1)     24  generation (8)    44  part (4)      56  bytes of the shard bitmap (2)
///     5  kind (1)        32  step (8)          48  block (4)     58  shard bitmap
///     6  zero (2)
public struct BlockHeader: Equatable, Sendable {
    public enum Kind: UInt8, Sendable {
        /// From a worker to a part's owner: the sum over some shards.
        case contribution = 1
        /// From a part's owner to every worker: the sum over all shards.
        case reduced = 2
    }

    public static let magic: UInt32 = 0x4250_5345
    public static let version: UInt8 = 1
    public static let runByteCount = 16
    /// The longest header.
    public static let byteCountMax = fixedByteCount + ShardSet.byteCountMax
    static let fixedByteCount = 58

    public var kind: Kind
    /// The run's id, `runByteCount` bytes.
    public var run: [UInt8]
    public var generation: UInt64
    public var step: UInt64
    public var attempt: UInt32
    public var part: UInt32
    /// The block's place within its part.
    public var block: UInt32
    /// Integers in the block.
    public var elements: UInt32
    public var shards: ShardSet

    public init(
        kind: Kind, run: [UInt8], generation: UInt64, step: UInt64, attempt: UInt32, part: UInt32,
        block: UInt32, elements: UInt32, shards: ShardSet
    ) {
        precondition(run.count == Self.runByteCount, "a run id of \(run.count) bytes")
        self.kind = kind
        self.run = run
        self.generation = generation
        self.step = step
        self.attempt = attempt
        self.part = part
        self.block = block
        self.elements = elements
        self.shards = shards
    }

    /// At most `byteCountMax` bytes.
    public func encoded() -> [UInt8] {
        let bitmap = shards.bytes
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.fixedByteCount + bitmap.count)
        bytes.append(littleEndian: Self.magic)
        bytes += [Self.version, kind.rawValue, 0, 0]
        bytes += run
        bytes.append(littleEndian: generation)
        bytes.append(littleEndian: step)
        for field in [attempt, part, block, elements] { bytes.append(littleEndian: field) }
        bytes.append(littleEndian: UInt16(bitmap.count))
        return bytes + bitmap
    }

    /// Parses a header that fills `bytes`. Throws on anything that `encoded` would not have written, and on
    /// more elements than a block has.
    public init(decoding bytes: UnsafeRawBufferPointer) throws(CollectiveError) {
        guard bytes.count >= Self.fixedByteCount else {
            throw .header(field: "bytes", expected: "at least \(Self.fixedByteCount)", got: "\(bytes.count)")
        }
        kind = try Self.parseKind(bytes)
        run = Array(bytes[8..<24])
        generation = bytes.littleEndian(at: 24)
        step = bytes.littleEndian(at: 32)
        attempt = bytes.littleEndian(at: 40)
        part = bytes.littleEndian(at: 44)
        block = bytes.littleEndian(at: 48)
        elements = bytes.littleEndian(at: 52)
        guard elements <= UInt32(Partition.blockElementsMax) else {
            throw .header(
                field: "elements", expected: "at most \(Partition.blockElementsMax)", got: "\(elements)")
        }
        let bitmapByteCount: UInt16 = bytes.littleEndian(at: 56)
        let byteCount = Self.fixedByteCount + Int(bitmapByteCount)
        guard bytes.count == byteCount else {
            throw .header(field: "bytes", expected: "\(byteCount)", got: "\(bytes.count)")
        }
        shards = try ShardSet(bytes: bytes[Self.fixedByteCount...])
    }

    /// The first 8 bytes: a block header of this version, and its kind.
    private static func parseKind(_ bytes: UnsafeRawBufferPointer) throws(CollectiveError) -> Kind {
        let magic: UInt32 = bytes.littleEndian(at: 0)
        guard magic == Self.magic else {
            throw .header(
                field: "magic", expected: String(Self.magic, radix: 16), got: String(magic, radix: 16))
        }
        guard bytes[4] == Self.version else {
            throw .header(field: "version", expected: "\(Self.version)", got: "\(bytes[4])")
        }
        guard let kind = Kind(rawValue: bytes[5]) else {
            throw .header(field: "kind", expected: "1 or 2", got: "\(bytes[5])")
        }
        guard bytes[6] == 0 && bytes[7] == 0 else {
            throw .header(field: "reserved bytes", expected: "0 0", got: "\(bytes[6]) \(bytes[7])")
        }
        return kind
    }
}
