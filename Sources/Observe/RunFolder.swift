import Glibc

/// The folder of one run, locked as long as this object lives, so that two coordinators cannot share it.
public final class RunFolder: Sendable {
    public let path: String
    /// Whether there was a run in it already: it is to be gone on with.
    public let holdsRun: Bool
    private let lock: CInt

    private static let names = ["recipe.yaml", "metrics.jsonl", "ledger.jsonl", "plan.json", "checkpoints"]

    /// Makes the folder, locks it, and looks whether it holds a run.
    ///
    /// - Parameter resume: allow a folder that holds a run. One that holds none is fine too, so that a job
    ///   that is started again and again can always say `--resume`.
    /// - Throws: another process has the lock, there is a run and `resume` is false, or the system refuses.
    public init(path: String, resume: Bool) throws(ObserveError) {
        self.path = path
        try Self.create(path)
        lock = try Self.lock("\(path)/lock")
        holdsRun = Self.names.contains { access("\(path)/\($0)", F_OK) == 0 }
        if holdsRun && !resume {
            // All is initialised, so `deinit` runs and closes the lock; closing it here too would close
            // whatever another thread has opened meanwhile.
            throw ObserveError(
                path, "holds a run already; go on with it by --resume, or choose another --run folder")
        }
    }

    deinit {
        close(lock)
    }

    /// The resolved recipe.
    public var recipe: String { "\(path)/recipe.yaml" }
    /// One JSON object a line for every step and evaluation.
    public var metrics: String { "\(path)/metrics.jsonl" }
    /// One JSON object a line for every committed step: who computed which shards.
    public var ledger: String { "\(path)/ledger.jsonl" }
    /// The ids of all launches of this run, one a line.
    public var launches: String { "\(path)/launches" }
    /// The result of pruning.
    public var plan: String { "\(path)/plan.json" }
    /// The folder of the checkpoints.
    public var checkpoints: String { "\(path)/checkpoints" }

    /// Makes the folder and those above it.
    private static func create(_ path: String) throws(ObserveError) {
        guard !path.isEmpty else { throw ObserveError("--run", "the folder's name is empty") }
        var prefix = path.hasPrefix("/") ? "/" : ""
        for component in path.split(separator: "/") {
            prefix += component
            if mkdir(prefix, 0o755) != 0, errno != EEXIST, errno != EISDIR { throw .system(prefix) }
            prefix += "/"
        }
        var status = stat()
        guard stat(path, &status) == 0 else { throw .system(path) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw ObserveError(path, "is not a folder") }
    }

    /// Takes the lock and writes this process's number into it. The file stays: removing it would let two
    /// processes lock two files of one name.
    private static func lock(_ path: String) throws(ObserveError) -> CInt {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system(path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let error =
                errno == EWOULDBLOCK ? ObserveError(path, "in use by \(owner(descriptor))") : .system(path)
            close(descriptor)
            throw error
        }
        let line = Array("\(getpid())\n".utf8)
        if ftruncate(descriptor, 0) != 0 || pwrite(descriptor, line, line.count, 0) != line.count {
            let error = ObserveError.system(path)
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func owner(_ descriptor: CInt) -> String {
        var bytes = [UInt8](repeating: 0, count: 20)
        let count = max(0, pread(descriptor, &bytes, bytes.count, 0))
        let digits = bytes.prefix(count).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return digits.isEmpty ? "another process" : "process \(String(decoding: digits, as: UTF8.self))"
    }
}
