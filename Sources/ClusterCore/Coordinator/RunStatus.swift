import Foundation

/// What `espalier status` shows of a living run.
public struct RunStatus: Codable, Equatable, Sendable {
    public struct Worker: Codable, Equatable, Sendable {
        public var number: UInt32
        public var host: String
        public var process: UInt32
        public var threads: Int
        /// member, or how far it is on its way to become one.
        public var standing: String
        /// Its shards of the step in flight.
        public var shards: Int
        /// Measured; nil before its first shard.
        public var secondsPerShard: Double?
        public var secondsSinceHeard: Double
    }

    public var network: String
    public var stage: String
    public var phase: Phase
    public var step: Int
    public var lastStep: Int
    public var generation: UInt64
    public var secondsOfLastStep: Double
    /// From each loss of a member to the commit of its step, in seconds; the newest last.
    public var recoveries: [Double]
    public var workers: [Worker]

    public init(json: String) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(RunStatus.self, from: Data(json.utf8))
    }

    public var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        // Plain numbers and strings always encode.
        guard let data = try? encoder.encode(self) else { preconditionFailure("status could not be encoded") }
        return String(decoding: data, as: UTF8.self)
    }
}

extension RunStatus {
    init(_ machine: CoordinatorMachine, network: String) {
        self.network = network
        stage = "\(machine.stage)"
        phase = machine.phase
        step = machine.step
        lastStep = machine.lastStep
        generation = machine.generation
        secondsOfLastStep = machine.lastStepSeconds
        recoveries = machine.recoveries
        workers = machine.workers.values.sorted { $0.number < $1.number }.map {
            Worker(
                number: $0.number, host: $0.host, process: $0.process, threads: $0.threads,
                standing: $0.standingName, shards: machine.book.shares[$0.number]?.count ?? 0,
                secondsPerShard: $0.secondsPerShard,
                secondsSinceHeard: (machine.now - $0.lastHeard).seconds)
        }
    }
}

extension WorkerRecord {
    fileprivate var standingName: String {
        switch standing {
        case .greeted: "greeted"
        case .preparing: "preparing"
        case .waiting: feed == nil ? "waiting" : "fed"
        case .loading: "loading"
        case .ready: "ready"
        case .member: isLeaving ? "leaving" : "member"
        }
    }
}

extension CoordinatorMachine {
    public func status(of network: String) -> RunStatus {
        RunStatus(self, network: network)
    }

    /// The level that the run is pinned to; nil before the workers are known.
    public var instructionLevel: String? { runLevel }

    /// `body` in this run's envelope.
    public func envelope(_ body: ControlMessage.Body) -> ControlMessage {
        ControlMessage(run: settings.run, generation: generation, body: body)
    }
}
