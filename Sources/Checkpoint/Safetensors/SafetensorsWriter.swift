import Digest

/// Writes a safetensors file front to back: the tensors are named first, then their bytes are appended in
/// that order, in pieces of any size that may cross from one tensor into the next. Nothing is held in memory.
///
/// The same tensors and metadata give the same bytes. One thread at a time; `finish` once, at the end.
public final class SafetensorsWriter {
    /// Size and SHA-256 of a file as it was meant to be written.
    public struct Summary: Equatable, Sendable {
        public let bytes: Int
        /// 64 lower-case hexadecimal digits.
        public let sha256: String
    }

    private let file: OpenFile
    private var hash = SHA256()
    private let headerBytes: Int
    private let dataBytes: Int
    private var written: Int

    /// - Throws: `.unwritable`, or `.unsupported` for tensors that share a name or do not fit into 2^63
    ///   bytes.
    public init(
        path: String, tensors: [TensorInfo], metadata: [String: String] = [:]
    ) throws(CheckpointError) {
        dataBytes = try Self.dataBytes(of: tensors, path)
        let header = SafetensorsHeader(tensors: tensors, metadata: metadata).encoded()
        headerBytes = header.count
        written = 0
        file = try Self.start(path, header)
        hash.update(header)
    }

    /// Bytes of data that are still to come.
    public var remaining: Int { dataBytes - written }

    /// Appends the next bytes of the data section.
    /// - Throws: `.damaged` when there are more than the tensors have room for, `.unwritable`.
    public func append(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
        guard bytes.count <= remaining else {
            throw CheckpointError(
                .damaged, file.path, "\(bytes.count) bytes to append, the tensors have room for \(remaining)")
        }
        hash.update(bytes)
        try file.write(bytes)
        written += bytes.count
    }

    /// Appends fp32 elements.
    public func append(_ elements: UnsafeBufferPointer<Float>) throws(CheckpointError) {
        try append(UnsafeRawBufferPointer(elements))
    }

    /// Appends fp32 elements.
    public func append(_ elements: [Float]) throws(CheckpointError) {
        try elements.withUnsafeBufferPointer { (elements) throws(CheckpointError) in try append(elements) }
    }

    /// Waits until the file is on the disk.
    /// - Throws: `.damaged` when tensors are still missing, `.unwritable`.
    public func finish() throws(CheckpointError) -> Summary {
        guard remaining == 0 else {
            throw CheckpointError(.damaged, file.path, "\(remaining) bytes of tensors were never given")
        }
        try file.synchronize()
        var whole = SHA256()
        swap(&whole, &hash)
        return Summary(bytes: headerBytes + dataBytes, sha256: whole.finish())
    }

    private static func start(_ path: String, _ header: [UInt8]) throws(CheckpointError) -> OpenFile {
        let file = try OpenFile(writing: path)
        try file.write(header)
        return file
    }

    private static func dataBytes(of tensors: [TensorInfo], _ path: String) throws(CheckpointError) -> Int {
        var names: Set<String> = ["__metadata__"]
        var total = 0
        for info in tensors {
            guard names.insert(info.name).inserted else {
                throw CheckpointError(.unsupported, path, "the tensor name \(quoted(info.name)) is taken")
            }
            let (sum, overflow) = total.addingReportingOverflow(info.byteCount)
            if overflow { throw CheckpointError(.unsupported, path, "the tensors are larger than any file") }
            total = sum
        }
        return total
    }
}
