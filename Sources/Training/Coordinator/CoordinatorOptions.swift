/// How to run a coordinator, beside the recipe.
public struct CoordinatorOptions: Sendable {
    public enum Workers: Equatable, Sendable {
        /// Child processes with so many compute threads each.
        case local(count: Int, threads: Int)
        /// Others that join the endpoint; the run starts once so many have come.
        case joining(count: Int, endpoint: String)
    }

    public var workers: Workers
    public var runFolder: String
    public var resume: Bool
    /// How long to wait for workers when there are too few to start or none to go on.
    public var patience: Duration
    public var version: String

    public init(
        workers: Workers, runFolder: String, resume: Bool, patience: Duration = .seconds(3600),
        version: String
    ) {
        self.workers = workers
        self.runFolder = runFolder
        self.resume = resume
        self.patience = patience
        self.version = version
    }

    var workersWanted: Int {
        switch workers {
        case .local(let count, _), .joining(let count, _): count
        }
    }

    /// Whether workers may come that the coordinator did not start itself.
    var isOpen: Bool {
        if case .joining = workers { true } else { false }
    }
}
