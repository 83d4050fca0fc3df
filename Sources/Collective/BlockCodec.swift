import CKernels
import CLZ4

#if !_endian(little)
    #error("blocks are coded in the machine's byte order, which must be little-endian")
#endif

/// One block of integers as bytes: zigzag, bit planes, LZ4 plane by plane; raw when that does not pay. Small
/// integers leave the upper planes zero, which cost nothing; the lower planes of gradients are noise, which
/// is stored as it is. Little-endian:
///
///     0  CRC-32C of the bytes that follow (4)
///     4  elements (4)
///     8  coding (1): 0 raw, 1 planes
///     9  zero (3)
///    12  raw: the integers
///    12  planes: how each plane is coded, plane p in bits 2p and 2p + 1 (8); then, from plane 31 down to 0,
///        nothing for a zero plane (0), ⌈elements/8⌉ bytes for a stored one (1), and for a compressed one (2)
///        the number of its bytes (2) and an LZ4 block.
///
/// Nothing here allocates. The same integers give the same bytes with the same version of LZ4 only: decoded
/// blocks are to be compared, coded ones are not.
public enum BlockCodec {
    enum Coding: UInt8 {
        case raw = 0
        case planes = 1
    }

    enum PlaneKind: UInt64 {
        case zero = 0
        case stored = 1
        case compressed = 2
    }

    static let planeCount = 32
    /// Bytes before the integers of a raw block.
    static let prefixByteCount = 12
    /// Bytes before the planes.
    static let planesOffset = prefixByteCount + 8
    /// Planes that LZ4 fails to shrink before those below them are taken for noise too.
    static let missesMax = 2

    /// A bound of what `encode` writes for a block of `elements` integers.
    public static func encodedByteCountMax(elements: Int) -> Int {
        prefixByteCount + elements * 4
    }

    static func planeByteCount(elements: Int) -> Int { (elements + 7) / 8 }
}

// MARK: - Encoding

extension BlockCodec {
    /// Writes the coded block to the front of `bytes`, which holds at least `encodedByteCountMax`, and
    /// returns how many bytes it took. At most `Partition.blockElementsMax` integers.
    /// - Parameter raw: in any case, for receivers to which bytes cost less than the work of coding.
    public static func encode(
        _ block: UnsafeBufferPointer<Int32>, into bytes: UnsafeMutableRawBufferPointer,
        workspace: BlockWorkspace, raw: Bool = false
    ) -> Int {
        precondition(
            block.count <= Partition.blockElementsMax,
            "a block of \(block.count) elements, more than \(Partition.blockElementsMax)")
        let byteCountMax = encodedByteCountMax(elements: block.count)
        precondition(
            bytes.count >= byteCountMax, "\(bytes.count) bytes for a block that may need \(byteCountMax)")
        let byteCount: Int
        let coding: Coding
        if !raw, let end = encodePlanes(block, into: bytes, workspace: workspace) {
            (byteCount, coding) = (end, .planes)
        } else {
            (byteCount, coding) = (byteCountMax, .raw)
            UnsafeMutableRawBufferPointer(rebasing: bytes[prefixByteCount..<byteCountMax])
                .copyMemory(from: UnsafeRawBufferPointer(block))
        }
        bytes.store(littleEndian: UInt32(block.count), at: 4)
        bytes.store(littleEndian: UInt32(coding.rawValue), at: 8)
        bytes.store(littleEndian: checksum(UnsafeRawBufferPointer(bytes), byteCount), at: 0)
        return byteCount
    }

    /// Writes the planes and returns where they end; nil if they don't save a twentieth of the raw bytes.
    private static func encodePlanes(
        _ block: UnsafeBufferPointer<Int32>, into bytes: UnsafeMutableRawBufferPointer,
        workspace: BlockWorkspace
    ) -> Int? {
        // A ratio of 1.05 is 20/21 of the bytes.
        let end = block.count * 4 * 20 / 21
        guard end > planesOffset, let values = block.baseAddress else { return nil }
        let used = espalier_bit_shuffle(
            values, block.count, workspace.planes, BlockWorkspace.planeStride)
        let planeByteCount = planeByteCount(elements: block.count)
        var kinds: UInt64 = 0
        var offset = planesOffset
        var misses = 0
        for plane in (0..<planeCount).reversed() where used >> UInt32(plane) & 1 == 1 {
            let source = workspace.plane(plane)
            let kind: PlaneKind
            if misses < missesMax,
                let byteCount = compress(source, planeByteCount, into: bytes, offset, end, workspace)
            {
                kind = .compressed
                offset += byteCount
                misses = 0
            } else {
                guard offset + planeByteCount <= end else { return nil }
                kind = .stored
                UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<offset + planeByteCount])
                    .copyMemory(from: UnsafeRawBufferPointer(start: source, count: planeByteCount))
                offset += planeByteCount
                misses += 1
            }
            kinds |= kind.rawValue << UInt64(2 * plane)
        }
        bytes.store(littleEndian: kinds, at: prefixByteCount)
        return offset
    }

    /// Writes a plane's length and LZ4 block at `offset`, not beyond `end`, and returns the bytes of both;
    /// nil if that does not save a sixteenth of the plane.
    private static func compress(
        _ plane: UnsafePointer<UInt8>, _ planeByteCount: Int, into bytes: UnsafeMutableRawBufferPointer,
        _ offset: Int, _ end: Int, _ workspace: BlockWorkspace
    ) -> Int? {
        let capacity = min(planeByteCount - planeByteCount / 16, end - offset) - 2
        guard capacity > 0, let base = bytes.baseAddress else { return nil }
        let byteCount = LZ4_compress_fast_extState(
            workspace.lz4State, plane, base + offset + 2, Int32(planeByteCount), Int32(capacity), 1)
        guard byteCount > 0 else { return nil }
        bytes.store(littleEndian: UInt16(byteCount), at: offset)
        return 2 + Int(byteCount)
    }

    /// Of the bytes from 4 up to `byteCount`.
    static func checksum(_ bytes: UnsafeRawBufferPointer, _ byteCount: Int) -> UInt32 {
        espalier_crc32c(bytes.baseAddress.map { $0 + 4 }, byteCount - 4)
    }
}
