import Digest

/// A safetensors file opened for reading. The header is read and checked in full by `init`; data are read
/// when asked for.
///
/// The format: header length (8 bytes, little-endian), JSON header, raw little-endian data, row-major. Hosts
/// are taken to be little-endian. May be read from several threads at once.
public final class SafetensorsFile: Sendable {
    public let path: String
    /// In the order of the data.
    public let tensors: [TensorInfo]
    public let metadata: [String: String]
    private let file: OpenFile
    private let positions: [Int]
    private let indices: [String: Int]

    /// - Throws: `.missing`, `.unreadable`, or `.damaged` with what is wrong with the header.
    public init(path: String) throws(CheckpointError) {
        self.path = path
        file = try OpenFile(reading: path)
        let size = try file.size()
        guard size >= 8 else {
            throw CheckpointError(.damaged, path, "\(size) bytes are too few for a safetensors file")
        }
        let lengthBytes = try Self.bytes(of: file, at: 0, count: 8)
        let length = lengthBytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= UInt64(min(SafetensorsHeader.bytesMax, size - 8)) else {
            throw CheckpointError(
                .damaged, path,
                "claims a header of \(length) bytes; the file has \(size), the limit is 100 MB")
        }
        let dataStart = 8 + Int(length)
        let text = try Self.bytes(of: file, at: 8, count: Int(length))
        let header: SafetensorsHeader
        do {
            header = try SafetensorsHeader(parsing: text, dataBytes: size - dataStart)
        } catch {
            throw CheckpointError(.damaged, path, error.problem)
        }
        tensors = header.entries.map(\.info)
        metadata = header.metadata
        positions = header.entries.map { dataStart + $0.range.lowerBound }
        indices = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { ($1.name, $0) })
    }

    public subscript(name: String) -> TensorInfo? {
        indices[name].map { tensors[$0] }
    }

    /// The elements of an fp32 tensor, row-major.
    public func floats(_ name: String) throws(CheckpointError) -> [Float] {
        try array(name, .float32, zero: 0)
    }

    /// The elements of an int64 tensor, row-major.
    public func int64s(_ name: String) throws(CheckpointError) -> [Int64] {
        try array(name, .int64, zero: 0)
    }

    /// The elements of a uint8 tensor, row-major.
    public func uint8s(_ name: String) throws(CheckpointError) -> [UInt8] {
        try array(name, .uint8, zero: 0)
    }

    /// Copies an fp32 tensor, which must have exactly `count` elements, to `destination`.
    public func read(
        _ name: String, into destination: UnsafeMutablePointer<Float>, count: Int
    ) throws(CheckpointError) {
        let index = try index(of: name, .float32)
        guard tensors[index].count == count else {
            throw CheckpointError(
                .damaged, path, "\(quoted(name)) has \(tensors[index].count) elements, \(count) expected")
        }
        try file.read(
            at: positions[index],
            into: UnsafeMutableRawBufferPointer(start: destination, count: tensors[index].byteCount))
    }

    /// Reads part of a tensor of any type as it lies in the file: `destination.count` bytes from byte
    /// `offset` on.
    public func readBytes(
        _ name: String, offset: Int, into destination: UnsafeMutableRawBufferPointer
    ) throws(CheckpointError) {
        let index = try index(of: name, nil)
        let bytes = tensors[index].byteCount
        guard offset >= 0, offset <= bytes, destination.count <= bytes - offset else {
            throw CheckpointError(
                .damaged, path,
                "\(quoted(name)) has \(bytes) bytes, asked for are \(destination.count) from \(offset) on"
            )
        }
        try file.read(at: positions[index] + offset, into: destination)
    }

    /// SHA-256 over names, types, shapes and bytes of all tensors, in the order of their names' bytes: 64
    /// hexadecimal digits. Where the tensors lie in the file and what its metadata say does not matter.
    public func digest() throws(CheckpointError) -> String {
        var hash = SHA256()
        let order = tensors.indices.sorted {
            tensors[$0].name.utf8.lexicographicallyPrecedes(tensors[$1].name.utf8)
        }
        for index in order {
            let info = tensors[index]
            hash.update("\(info.name.utf8.count) \(info.name) \(info.type.rawValue) \(info.shape)\n")
            try file.forEachChunk(of: positions[index]..<positions[index] + info.byteCount) {
                hash.update($0)
            }
        }
        return hash.finish()
    }

    private func index(of name: String, _ type: TensorType?) throws(CheckpointError) -> Int {
        guard let index = indices[name] else {
            throw CheckpointError(.missing, path, "no tensor \(quoted(name))")
        }
        if let type, tensors[index].type != type {
            throw CheckpointError(
                .unsupported, path,
                "\(quoted(name)) is \(tensors[index].type.rawValue), \(type.rawValue) expected")
        }
        return index
    }

    private func array<Element: BitwiseCopyable>(
        _ name: String, _ type: TensorType, zero: Element
    ) throws(CheckpointError) -> [Element] {
        let index = try index(of: name, type)
        var elements = [Element](repeating: zero, count: tensors[index].count)
        try Self.fill(&elements, from: file, at: positions[index])
        return elements
    }

    private static func bytes(of file: borrowing OpenFile, at position: Int, count: Int)
        throws(CheckpointError) -> [UInt8]
    {
        var bytes = [UInt8](repeating: 0, count: count)
        try fill(&bytes, from: file, at: position)
        return bytes
    }

    private static func fill<Element: BitwiseCopyable>(
        _ elements: inout [Element], from file: borrowing OpenFile, at position: Int
    ) throws(CheckpointError) {
        try elements.withUnsafeMutableBufferPointer { (destination) throws(CheckpointError) in
            try file.read(at: position, into: UnsafeMutableRawBufferPointer(destination))
        }
    }
}
