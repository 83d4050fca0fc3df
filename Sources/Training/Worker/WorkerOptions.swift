/// How to run a worker.
public struct WorkerOptions: Sendable {
    /// The coordinator's control endpoint.
    public var join: String
    /// Compute threads.
    public var threads: Int
    /// A coordinator unheard of for so long is gone.
    public var timeout: Duration
    /// A child of `espalier train`: ends when its standard input does, and leaves Ctrl-C to its parent.
    public var isLocal: Bool
    public var version: String

    public init(join: String, threads: Int, timeout: Duration, isLocal: Bool, version: String) {
        self.join = join
        self.threads = threads
        self.timeout = timeout
        self.isLocal = isLocal
        self.version = version
    }
}
