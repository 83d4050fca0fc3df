import Checkpoint
import ClusterCore
import Transport

/// Writes arriving states to disk on a thread of its own: syncing and reading back must not hold up the run.
final class CheckpointSink: Sendable {
    /// What one checkpoint needs beside its chunks.
    struct Opening: Sendable {
        var manifest: Manifest
        var layout: StateLayout
    }

    private enum Command: Sendable {
        case open(Opening)
        case chunk(WireStateChunk, Frame)
        case abandon(step: Int)
        case close
    }

    private let commands = CommandQueue<Command>()

    /// - Parameter events: where `.checkpointWritten` and `.failed` go.
    init(_ store: CheckpointStore, events: Mailbox<CoordinatorEvent>) {
        PlainThread.start { [commands] in
            var writing: CheckpointInProgress?
            while true {
                switch commands.next() {
                case .close: return
                case .abandon(let step): if writing?.step == step { writing = nil }
                case .open(let opening):
                    // What is unfinished takes its folder with it; the next may have the same name.
                    writing = nil
                    writing = Self.report(to: events) { () throws(CheckpointError) in
                        try CheckpointInProgress(store, opening)
                    }
                case .chunk(let chunk, let payload):
                    guard let current = writing else { continue }
                    let isComplete = Self.report(to: events) { () throws(CheckpointError) in
                        try current.append(chunk, payload)
                    }
                    if isComplete ?? true { writing = nil }
                    if isComplete == true { events.post(.checkpointWritten(step: current.step)) }
                }
            }
        }
    }

    private static func report<Result>(
        to events: Mailbox<CoordinatorEvent>, _ work: () throws(CheckpointError) -> Result
    ) -> Result? {
        do {
            return try work()
        } catch {
            events.post(.failed(reason: "checkpoint: \(error)"))
            return nil
        }
    }

    func open(_ opening: Opening) { commands.send(.open(opening)) }
    func append(_ chunk: WireStateChunk, _ payload: Frame) { commands.send(.chunk(chunk, payload)) }
    func abandon(step: Int) { commands.send(.abandon(step: step)) }
    func close() { commands.send(.close) }
}

/// One checkpoint that is being received. Chunks must come in order; a worker's word is not trusted.
private final class CheckpointInProgress {
    private let writer: CheckpointWriter
    private var manifest: Manifest
    private let layout: StateLayout
    private var written: [CheckpointPart: Int] = [.model: 0, .optimizer: 0]

    var step: Int { manifest.step }

    init(_ store: CheckpointStore, _ opening: CheckpointSink.Opening) throws(CheckpointError) {
        manifest = opening.manifest
        layout = opening.layout
        writer = try CheckpointWriter(
            store: store, step: opening.manifest.step, model: try Self.infos(layout.tensors),
            optimizer: try Self.infos(layout.moments))
    }

    private static func infos(_ tensors: [StateLayout.Tensor]) throws(CheckpointError)
        -> [TensorInfo]
    {
        var infos: [TensorInfo] = []
        for tensor in tensors {
            guard let info = TensorInfo(name: tensor.name, shape: tensor.shape) else {
                throw CheckpointError(.damaged, tensor.name, "has an impossible shape \(tensor.shape)")
            }
            infos.append(info)
        }
        return infos
    }

    /// - Returns: whether the checkpoint is complete and on disk.
    func append(_ chunk: WireStateChunk, _ payload: Frame) throws(CheckpointError) -> Bool {
        guard chunk.step == UInt64(step) else { return false }
        let part: CheckpointPart = chunk.section == .momentum ? .optimizer : .model
        guard payload.count % 4 == 0, Int(clamping: chunk.offset) == written[part] else {
            throw CheckpointError(
                .damaged, part.rawValue, "a chunk at element \(chunk.offset), expected \(written[part] ?? 0)")
        }
        try payload.withUnsafeBytes { bytes throws(CheckpointError) in try writer.append(part, bytes) }
        written[part]! += payload.count / 4
        guard chunk.last else { return false }
        do {
            manifest.exponents = try JSONValue(json: chunk.exponents)
        } catch {
            throw CheckpointError(.damaged, "exponents", "are no JSON")
        }
        _ = try writer.commit(manifest)
        return true
    }
}
