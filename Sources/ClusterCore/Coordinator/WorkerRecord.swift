/// What the coordinator knows of one worker.
public struct WorkerRecord: Equatable, Sendable {
    public enum Standing: Equatable, Sendable {
        /// Has said hello, waits for the others.
        case greeted
        /// Welcomed, building its replica.
        case preparing
        /// Holds the state of this step.
        case ready(step: Int)
    }

    /// Given by the coordinator, never used twice in a run.
    public let number: UInt32
    /// The socket identity, new at each start of a worker.
    public let incarnation: [UInt8]
    public let dataEndpoint: String
    public let threads: Int
    public let instructionLevel: String
    public let denseAlgebra: String
    public let host: String
    public let process: UInt32
    public internal(set) var standing: Standing
    /// When its last message came, since the machine's start.
    public internal(set) var lastHeard: Duration

    /// For messages to people: "worker 2 (host lab7, process 4711)".
    public var label: String { "worker \(number) (host \(host), process \(process))" }
}
