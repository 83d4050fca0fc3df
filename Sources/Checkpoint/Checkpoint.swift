/// A checkpoint opened for reading: its manifest is sound, its files are there, and their sizes, hashes and
/// headers are what the manifest says.
public final class Checkpoint: Sendable {
    /// The checkpoint's folder.
    public let path: String
    public let manifest: Manifest
    public let model: SafetensorsFile
    public let optimizer: SafetensorsFile?

    /// Opens the checkpoint in the folder `path` and reads it once to verify it.
    public init(path: String) throws(CheckpointError) {
        guard Folder.exists(path) else { throw CheckpointError(.missing, path, "no such checkpoint") }
        self.path = path
        manifest = try Manifest(folder: path)
        guard let model = try Self.open(.model, of: manifest, in: path) else {
            throw CheckpointError(.damaged, path, "no model.safetensors in the manifest")
        }
        self.model = model
        optimizer = try Self.open(.optimizer, of: manifest, in: path)
    }

    /// Opens `path` if it is a checkpoint, else the newest checkpoint in it, whether it is a run folder or a
    /// folder of checkpoints.
    public convenience init(atOrIn path: String) throws(CheckpointError) {
        if Folder.exists("\(path)/\(Manifest.fileName)") {
            try self.init(path: path)
            return
        }
        guard Folder.exists(path) else { throw CheckpointError(.missing, path, "no such folder") }
        let inner = "\(path)/checkpoints"
        let folder = Folder.exists(inner) ? inner : path
        guard let newest = try CheckpointStore.names(in: folder).last else {
            throw CheckpointError(.missing, path, "neither a checkpoint nor a folder that holds one")
        }
        try self.init(path: "\(folder)/\(newest)")
    }

    /// SHA-256 over names, types, shapes and bytes of all weights: 64 hexadecimal digits.
    public func digest() throws(CheckpointError) -> String {
        try model.digest()
    }

    private static func open(
        _ part: CheckpointPart, of manifest: Manifest, in folder: String
    ) throws(CheckpointError) -> SafetensorsFile? {
        guard let record = manifest.files[part.rawValue] else { return nil }
        let path = "\(folder)/\(part.rawValue)"
        try verify(path, record)
        let file = try SafetensorsFile(path: path)
        let elements = file.tensors.reduce(0) { $0 &+ $1.count }
        guard file.tensors.count == record.tensors, elements == record.elements else {
            throw CheckpointError(
                .damaged, path,
                "\(file.tensors.count) tensors with \(elements) elements, the manifest has \(record.tensors) "
                    + "with \(record.elements)")
        }
        return file
    }

    private static func verify(_ path: String, _ record: Manifest.FileRecord) throws(CheckpointError) {
        let file = try OpenFile(reading: path)
        let size = try file.size()
        guard size == record.bytes else {
            throw CheckpointError(.damaged, path, "\(size) bytes, the manifest says \(record.bytes)")
        }
        let hash = try file.sha256()
        guard hash == record.sha256 else {
            throw CheckpointError(
                .damaged, path,
                "SHA-256 \(hash.prefix(12))…, the manifest says \(record.sha256.prefix(12))…")
        }
    }
}
