/// How to run a worker.
public struct WorkerOptions: Sendable {
    /// The coordinator's control endpoint.
    public var join: String
    /// Compute threads.
    public var threads: Int
    /// A coordinator unheard of for so long is gone.
    public var timeout: Duration
    /// How long to knock at a coordinator that is gone.
    public var patience: Duration
    /// How long to stay at most after being told to leave.
    public var grace: Duration
    public var coding: WireCoding
    /// A child of `espalier train`: ends when its standard input does, and leaves Ctrl-C to its parent.
    public var isLocal: Bool
    public var version: String

    public init(
        join: String, threads: Int, timeout: Duration, patience: Duration = .seconds(600),
        grace: Duration = .seconds(30), coding: WireCoding = .auto, isLocal: Bool, version: String
    ) {
        self.join = join
        self.threads = threads
        self.timeout = timeout
        self.patience = patience
        self.grace = grace
        self.coding = coding
        self.isLocal = isLocal
        self.version = version
    }
}
