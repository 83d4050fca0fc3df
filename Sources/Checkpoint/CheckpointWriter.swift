/// Writes one checkpoint from pieces as they arrive; nothing is held in memory.
///
/// The tensors of each file are named first; then each file's bytes are appended in that order, in pieces of
/// any size. The files may be fed in turn. Nothing is visible under the checkpoint's name until `commit` has
/// read all back. One thread at a time. A writer that goes without `commit` takes its unfinished folder with
/// it.
public final class CheckpointWriter {
    private let store: CheckpointStore
    private let step: Int
    private let unfinished: String
    private var writers: [CheckpointPart: (writer: SafetensorsWriter, tensors: [TensorInfo])] = [:]
    private var isOpen = true

    /// - Parameters:
    ///   - step: steps committed so far; gives the checkpoint its name.
    ///   - model: tensors of `model.safetensors`, in the order in which their bytes will come.
    ///   - optimizer: tensors of `optimizer.safetensors`, nil to have none.
    public init(
        store: CheckpointStore, step: Int, model: [TensorInfo], optimizer: [TensorInfo]?
    ) throws(CheckpointError) {
        self.store = store
        self.step = step
        unfinished = store.path(CheckpointStore.unfinishedPrefix + CheckpointStore.name(step: step))
        if Folder.exists(unfinished) { try Folder.remove(unfinished) }
        try Folder.createNew(unfinished)
        var parts: [(CheckpointPart, [TensorInfo])] = [(.model, model)]
        if let optimizer { parts.append((.optimizer, optimizer)) }
        for (part, tensors) in parts {
            let writer = try SafetensorsWriter(path: "\(unfinished)/\(part.rawValue)", tensors: tensors)
            writers[part] = (writer, tensors)
        }
    }

    deinit {
        cancel()
    }

    /// Bytes that `part` still expects; 0 when it is not written at all.
    public func remaining(_ part: CheckpointPart) -> Int {
        writers[part]?.writer.remaining ?? 0
    }

    /// Appends the next bytes of `part`'s data.
    /// - Throws: `.damaged` when there are more than the tensors have room for, `.unwritable`.
    public func append(_ part: CheckpointPart, _ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
        try writer(part).append(bytes)
    }

    /// Appends the next fp32 elements of `part`.
    public func append(_ part: CheckpointPart, _ elements: UnsafeBufferPointer<Float>) throws(CheckpointError)
    {
        try writer(part).append(elements)
    }

    /// Appends the next fp32 elements of `part`.
    public func append(_ part: CheckpointPart, _ elements: [Float]) throws(CheckpointError) {
        try writer(part).append(elements)
    }

    /// Completes the checkpoint: all bytes are on the disk and have been read back before it gets its name;
    /// then older ones are pruned. `manifest.files` is filled in here; its step must be the writer's.
    /// - Returns: the checkpoint's folder.
    public func commit(_ manifest: Manifest) throws(CheckpointError) -> String {
        guard isOpen else { throw CheckpointError(.unwritable, unfinished, "already committed or cancelled") }
        precondition(
            manifest.step == step, "manifest of step \(manifest.step) for the checkpoint of step \(step)")
        var manifest = manifest
        for (part, entry) in writers {
            let summary = try entry.writer.finish()
            manifest.files[part.rawValue] = Manifest.FileRecord(
                bytes: summary.bytes, sha256: summary.sha256, tensors: entry.tensors.count,
                elements: entry.tensors.reduce(0) { $0 + $1.count })
        }
        writers = [:]
        if let problem = manifest.problem {
            throw CheckpointError(.unsupported, "\(unfinished)/\(Manifest.fileName)", problem)
        }
        try manifest.write(folder: unfinished)
        try Folder.synchronize(unfinished)
        try readBack()
        let name = CheckpointStore.name(step: step)
        try store.publish(unfinished, as: name)
        isOpen = false
        try store.prune(current: name)
        return store.path(name)
    }

    /// Gives up and removes what was written so far.
    public func cancel() {
        guard isOpen else { return }
        isOpen = false
        writers = [:]
        try? Folder.remove(unfinished)
    }

    private func readBack() throws(CheckpointError) {
        for name in try Folder.names(unfinished) {
            try OpenFile(reading: "\(unfinished)/\(name)").forget()
        }
        _ = try Checkpoint(path: unfinished)
    }

    private func writer(_ part: CheckpointPart) throws(CheckpointError) -> SafetensorsWriter {
        guard let entry = writers[part] else {
            throw CheckpointError(.unwritable, "\(unfinished)/\(part.rawValue)", "is not being written")
        }
        return entry.writer
    }
}
