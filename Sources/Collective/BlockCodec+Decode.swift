import CKernels
import CLZ4

extension BlockCodec {
    /// Decodes a block of exactly `values.count` integers, at most `Partition.blockElementsMax`, over what
    /// `values` held. `bytes` may be anything: it throws if they are not such a block, and `values` is then
    /// as before.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer, into values: UnsafeMutableBufferPointer<Int32>,
        workspace: BlockWorkspace
    ) throws(CollectiveError) {
        let coding = try check(bytes, elements: values.count)
        // Nothing to write, and the buffer may have no address.
        guard let target = values.baseAddress, !values.isEmpty else { return }
        switch coding {
        case .raw:
            UnsafeMutableRawBufferPointer(values)
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[prefixByteCount...]))
        case .planes:
            try locatePlanes(bytes, elements: values.count, workspace)
            espalier_bit_unshuffle(workspace.sources, target, values.count)
        }
    }

    /// Decodes like `decode` and adds the integers to `sums`, wrapping.
    public static func add(
        _ bytes: UnsafeRawBufferPointer, to sums: UnsafeMutableBufferPointer<Int32>,
        workspace: BlockWorkspace
    ) throws(CollectiveError) {
        let elements = sums.count
        precondition(elements <= Partition.blockElementsMax, "a block of \(elements) elements")
        let values = UnsafeMutableBufferPointer(start: workspace.values, count: elements)
        try decode(bytes, into: values, workspace: workspace)
        guard let target = sums.baseAddress else { return }
        espalier_int_add(target, workspace.values, elements)
    }

    /// The prefix and the checksum: the bytes arrived as they were sent, and are a block of `elements`
    /// integers.
    private static func check(
        _ bytes: UnsafeRawBufferPointer, elements: Int
    ) throws(CollectiveError) -> Coding {
        precondition(elements <= Partition.blockElementsMax, "a block of \(elements) elements")
        guard bytes.count >= prefixByteCount else {
            throw .block(field: "bytes", expected: "at least \(prefixByteCount)", got: "\(bytes.count)")
        }
        let byteCountMax = encodedByteCountMax(elements: elements)
        guard bytes.count <= byteCountMax else {
            throw .block(field: "bytes", expected: "at most \(byteCountMax)", got: "\(bytes.count)")
        }
        let expected: UInt32 = bytes.littleEndian(at: 0)
        let checksum = checksum(bytes, bytes.count)
        guard checksum == expected else {
            throw .block(
                field: "CRC-32C", expected: String(expected, radix: 16), got: String(checksum, radix: 16))
        }
        let stated: UInt32 = bytes.littleEndian(at: 4)
        guard Int(stated) == elements else {
            throw .block(field: "elements", expected: "\(elements)", got: "\(stated)")
        }
        let code: UInt32 = bytes.littleEndian(at: 8)
        guard let coding = UInt8(exactly: code).flatMap(Coding.init(rawValue:)) else {
            throw .block(field: "coding", expected: "0 or 1", got: "\(code)")
        }
        let byteCountMin = coding == .raw ? byteCountMax : planesOffset
        guard bytes.count >= byteCountMin else {
            throw .block(field: "bytes", expected: "at least \(byteCountMin)", got: "\(bytes.count)")
        }
        return coding
    }

    /// Fills `workspace.sources`: stored planes stay where they are, compressed ones go into the workspace.
    private static func locatePlanes(
        _ bytes: UnsafeRawBufferPointer, elements: Int, _ workspace: BlockWorkspace
    ) throws(CollectiveError) {
        let kinds: UInt64 = bytes.littleEndian(at: prefixByteCount)
        let planeByteCount = planeByteCount(elements: elements)
        var rest = UnsafeRawBufferPointer(rebasing: bytes[planesOffset...])
        for plane in (0..<planeCount).reversed() {
            switch PlaneKind(rawValue: kinds >> UInt64(2 * plane) & 3) {
            case .zero:
                workspace.sources[plane] = nil
            case .stored:
                let stored = try take(planeByteCount, from: &rest)
                workspace.sources[plane] = stored.assumingMemoryBound(to: UInt8.self)
            case .compressed:
                let prefix = UnsafeRawBufferPointer(start: try take(2, from: &rest), count: 2)
                let length: UInt16 = prefix.littleEndian(at: 0)
                let coded = try take(Int(length), from: &rest)
                try decompress(
                    coded, Int(length), into: workspace.plane(plane), planeByteCount)
                workspace.sources[plane] = UnsafePointer(workspace.plane(plane))
            case nil:
                throw .block(field: "coding of plane \(plane)", expected: "0, 1 or 2", got: "3")
            }
        }
        guard rest.isEmpty else {
            throw .block(field: "bytes after the planes", expected: "0", got: "\(rest.count)")
        }
    }

    /// The next `count` bytes.
    private static func take(
        _ count: Int, from rest: inout UnsafeRawBufferPointer
    ) throws(CollectiveError) -> UnsafeRawPointer {
        guard rest.count >= count, let base = rest.baseAddress else {
            throw .block(field: "bytes of a plane", expected: "\(count)", got: "\(rest.count)")
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        return base
    }

    private static func decompress(
        _ coded: UnsafeRawPointer, _ codedByteCount: Int, into plane: UnsafeMutablePointer<UInt8>,
        _ planeByteCount: Int
    ) throws(CollectiveError) {
        let byteCount = LZ4_decompress_safe(coded, plane, Int32(codedByteCount), Int32(planeByteCount))
        guard Int(byteCount) == planeByteCount else {
            throw .block(field: "bytes of an LZ4 plane", expected: "\(planeByteCount)", got: "\(byteCount)")
        }
    }
}
