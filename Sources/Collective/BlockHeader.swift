import CKernels

/// What goes before a block's coded bytes, in a frame of its own: which step, part and block they belong to,
/// and which shards they sum. Little-endian:
///
///      0  magic "ESPB"                           16  run (16 bytes)    48  attempt (4)
///      4  CRC-32C of the bytes that follow (4)   32  generation (8)    52  part (4)
///      8  version (1)    9  kind (1)             40  step (8)          56  block (4)
///     10  bytes of the shard bitmap (2)                                60  shard bitmap
///     12  elements (4)
public struct BlockHeader: Equatable, Sendable {
    public enum Kind: UInt8, Sendable {
        /// From a worker to a part's owner: the sum over some shards.
        case contribution = 1
        /// From a part's owner to every worker: the sum over all shards.
        case reduced = 2
        /// To a worker that joins: a block of the whole reduced vector of a step that it lacks. Its
        /// generation is the feed's number, and there is one part.
        case history = 3
    }

    public static let magic: UInt32 = 0x4250_5345
    public static let version: UInt8 = 2
    public static let runByteCount = 16
    /// The longest header.
    public static let byteCountMax = fixedByteCount + ShardSet.byteCountMax
    static let fixedByteCount = 60

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
        for field in [Self.magic, 0] { bytes.append(littleEndian: field) }
        bytes += [Self.version, kind.rawValue]
        bytes.append(littleEndian: UInt16(bitmap.count))
        bytes.append(littleEndian: elements)
        bytes += run
        bytes.append(littleEndian: generation)
        bytes.append(littleEndian: step)
        for field in [attempt, part, block] { bytes.append(littleEndian: field) }
        bytes += bitmap
        bytes.withUnsafeMutableBytes {
            $0.store(littleEndian: Self.checksum(UnsafeRawBufferPointer($0)), at: Self.checksumOffset)
        }
        return bytes
    }

    /// Whether a frame claims to be a header.
    public static func begins(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= fixedByteCount && bytes.littleEndian(at: 0) as UInt32 == magic
    }

    /// Parses a header that fills `bytes`. Throws on anything that `encoded` would not have written, and on
    /// more elements than a block has.
    public init(decoding bytes: UnsafeRawBufferPointer) throws(CollectiveError) {
        guard bytes.count >= Self.fixedByteCount else {
            throw .header(field: "bytes", expected: "at least \(Self.fixedByteCount)", got: "\(bytes.count)")
        }
        try Self.checkPrefix(bytes)
        guard let kind = Kind(rawValue: bytes[9]) else {
            throw .header(field: "kind", expected: "1, 2 or 3", got: "\(bytes[9])")
        }
        self.kind = kind
        elements = bytes.littleEndian(at: 12)
        guard elements <= UInt32(Partition.blockElementsMax) else {
            throw .header(
                field: "elements", expected: "at most \(Partition.blockElementsMax)", got: "\(elements)")
        }
        run = Array(bytes[16..<32])
        generation = bytes.littleEndian(at: 32)
        step = bytes.littleEndian(at: 40)
        attempt = bytes.littleEndian(at: 48)
        part = bytes.littleEndian(at: 52)
        block = bytes.littleEndian(at: 56)
        shards = try ShardSet(bytes: bytes[Self.fixedByteCount...])
    }

    /// The first 12 bytes: a whole block header of this version.
    private static func checkPrefix(_ bytes: UnsafeRawBufferPointer) throws(CollectiveError) {
        let magic: UInt32 = bytes.littleEndian(at: 0)
        guard magic == Self.magic else {
            throw .header(
                field: "magic", expected: String(Self.magic, radix: 16), got: String(magic, radix: 16))
        }
        let (expected, checksum) = (checksum(bytes), bytes.littleEndian(at: checksumOffset) as UInt32)
        guard checksum == expected else {
            throw .header(
                field: "CRC-32C", expected: String(expected, radix: 16), got: String(checksum, radix: 16))
        }
        guard bytes[8] == Self.version else {
            throw .header(field: "version", expected: "\(Self.version)", got: "\(bytes[8])")
        }
        let bitmapByteCount: UInt16 = bytes.littleEndian(at: 10)
        let byteCount = fixedByteCount + Int(bitmapByteCount)
        guard bytes.count == byteCount else {
            throw .header(field: "bytes", expected: "\(byteCount)", got: "\(bytes.count)")
        }
    }

    private static let checksumOffset = 4

    /// Of the bytes from 8 on.
    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        espalier_crc32c(bytes.baseAddress.map { $0 + 8 }, bytes.count - 8)
    }
}
