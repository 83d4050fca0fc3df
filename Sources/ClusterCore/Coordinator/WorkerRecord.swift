/// What the coordinator knows of one worker.
public struct WorkerRecord: Equatable, Sendable {
    public enum Standing: Equatable, Sendable {
        /// Has said hello, waits for the others.
        case greeted
        /// Welcomed: opens its data.
        case preparing
        /// Its data is open; it has no state yet.
        case waiting
        /// The coordinator gives it the state to start from.
        case loading
        /// Holds the state of this step; not a member yet.
        case ready(step: Int)
        case member
    }

    /// A state on its way from a member to this worker.
    struct Feed: Equatable, Sendable {
        var number: UInt64
        var source: UInt32
    }

    /// Given by the coordinator, never used twice in a launch.
    public let number: UInt32
    /// The socket identity, new at each start of a worker.
    public let incarnation: [UInt8]
    public let dataEndpoint: String
    public let threads: Int
    public let instructionLevel: String
    public let denseAlgebra: String
    public let host: String
    public let process: UInt32
    /// What it held when it came; nil once it is given another state.
    var held: WireHeld?
    public internal(set) var standing: Standing
    /// When its last message came, since the machine's start.
    public internal(set) var lastHeard: Duration
    /// What it last said that its replica holds.
    var holds: WireReady?
    var feed: Feed?
    var isLeaving = false
    /// A moving mean of what it reports; nil before its first shard.
    public internal(set) var secondsPerShard: Double?
    /// Members that it has no connection to, and since when it says so.
    var unreachable: [UInt32: Duration] = [:]

    /// For messages to people: "worker 2 (host lab7, process 4711)".
    public var label: String { "worker \(number) (host \(host), process \(process))" }

    init(_ hello: WireHello, number: UInt32, incarnation: [UInt8], now: Duration) {
        self.number = number
        self.incarnation = incarnation
        dataEndpoint = hello.dataEndpoint
        threads = max(1, Int(hello.threads))
        instructionLevel = hello.instructionLevel
        denseAlgebra = hello.denseAlgebra
        host = hello.host
        process = hello.process
        held = hello.hasHeld ? hello.held : nil
        standing = .greeted
        lastHeard = now
    }

    mutating func note(secondsPerShard seconds: Double) {
        guard seconds.isFinite, seconds > 0 else { return }
        secondsPerShard = secondsPerShard.map { 0.7 * $0 + 0.3 * seconds } ?? seconds
    }
}
