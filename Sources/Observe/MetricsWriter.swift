import Glibc

/// Appends to a file of JSON objects, one a line, each with the step that it belongs to: `metrics.jsonl`,
/// `ledger.jsonl`.
///
/// A line is handed to the system when `write` returns, so a killed process loses none; a machine that loses
/// power may.
public final class MetricsWriter {
    public let path: String
    private let descriptor: CInt

    /// - Parameter resumedStep: the step that the run goes on from; lines of later steps, and a line that was
    ///   cut short, are removed, so that no step is there twice. What belongs to a step is to be written
    ///   before its checkpoint. Nil starts a new file; it is an error if there is one with content.
    public init(path: String, resumedStep: Int? = nil) throws(ObserveError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system(path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(path) }
        if let resumedStep {
            try remove(after: resumedStep)
        } else if status.st_size > 0 {
            throw ObserveError(path, "is there already, from another run")
        }
    }

    deinit {
        close(descriptor)
    }

    /// Removes the lines of later steps, and a line that was cut short.
    public func remove(after step: Int) throws(ObserveError) {
        let kept = try MetricsFile.bytes(upToStep: step, descriptor, path)
        guard ftruncate(descriptor, off_t(kept)) == 0 else { throw .system(path) }
    }

    /// Appends `{"step":…, …}` with the fields in the given order.
    public func write(step: Int, _ fields: KeyValuePairs<String, MetricValue>) throws(ObserveError) {
        try write(step: step, fields.map { ($0.key, $0.value) })
    }

    /// Appends `{"step":…, …}` with the fields in the given order.
    public func write(step: Int, _ fields: [(String, MetricValue)]) throws(ObserveError) {
        var line = "{\"step\":\(step)"
        for (key, value) in fields { line += ",\(MetricValue.quoted(key)):\(value.json)" }
        line += "}\n"
        var rest = Array(line.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw .system(path)
            }
        }
    }
}
