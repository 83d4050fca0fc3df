import Checkpoint
public import ClusterCore
import Foundation
import Observe
import Transport

/// How far a run is, for `espalier status`: from its folder, or from its living coordinator.
public struct StatusReport: Encodable, Sendable {
    public var network = ""
    public var phase = ""
    public var step = 0
    public var lastStep: Int?
    public var loss: Double?
    public var imagesPerSecond: Double?
    public var testTop1: Double?
    public var testStep: Int?
    /// The newest checkpoint's folder.
    public var checkpoint: String?
    /// What a living coordinator is waiting for.
    public var stage: String?
    public var generation: UInt64?
    public var secondsOfLastStep: Double?
    /// From each loss of a member to the commit of its step, in seconds; the newest last.
    public var recoveries: [Double]?
    public var workers: [RunStatus.Worker]?

    public var text: String {
        var lines = ["\(network): \(phase) phase, step \(step)" + (lastStep.map { " of \($0)" } ?? "")]
        if let loss { lines.append("loss \(Show.decimals(loss, 3))") }
        if let imagesPerSecond { lines.append("\(Show.decimals(imagesPerSecond, 0)) images/s") }
        if let testTop1, let testStep {
            lines.append("test accuracy \(Show.percent(testTop1)) at step \(testStep)")
        }
        if let checkpoint { lines.append("newest checkpoint \(checkpoint)") }
        if let stage, let generation, let secondsOfLastStep {
            lines.append(
                "\(stage), generation \(generation), last step \(Show.decimals(secondsOfLastStep, 3)) s")
        }
        if let sorted = recoveries?.sorted(), let longest = sorted.last {
            lines.append(
                "recoveries \(sorted.count): median \(Show.decimals(sorted[sorted.count / 2], 2)) s, "
                    + "longest \(Show.decimals(longest, 2)) s")
        }
        if let workers, !workers.isEmpty { lines += ["", Self.table(workers).description] }
        return lines.joined(separator: "\n")
    }

    private static func table(_ workers: [RunStatus.Worker]) -> TextTable {
        var table = TextTable([
            ("worker", .right), ("standing", .left), ("host", .left), ("process", .right),
            ("threads", .right), ("shards", .right), ("ms a shard", .right), ("heard of", .right),
        ])
        for worker in workers {
            table.add([
                "\(worker.number)", worker.standing, worker.host, "\(worker.process)", "\(worker.threads)",
                "\(worker.shards)", worker.secondsPerShard.map { Show.decimals($0 * 1000, 1) } ?? "",
                "\(Show.decimals(worker.secondsSinceHeard, 1)) s ago",
            ])
        }
        return table
    }

    // MARK: From a folder

    private struct Line: Decodable {
        var step: Int
        var phase: String?
        var loss: Double?
        var imagesPerSecond: Double?
        var testTop1: Double?
    }

    /// Reads the run's recipe, the end of its metrics and its checkpoints.
    /// - Throws: `ObserveError`, `CheckpointError`, `RecipeError`.
    public init(runFolder path: String) throws {
        guard FileManager.default.fileExists(atPath: "\(path)/recipe.yaml") else {
            throw ObserveError(path, "is no run's folder: it has no recipe.yaml")
        }
        network = try RunRecipe.network(of: path)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        for text in try MetricsFile.lastLines(2_000, of: "\(path)/metrics.jsonl") {
            guard let line = try? decoder.decode(Line.self, from: Data(text.utf8)) else { continue }
            step = line.step
            phase = line.phase ?? phase
            loss = line.loss ?? loss
            imagesPerSecond = line.imagesPerSecond ?? imagesPerSecond
            if let top1 = line.testTop1 { (testTop1, testStep) = (top1, line.step) }
        }
        let store = try? CheckpointFolder.newest(in: "\(path)/checkpoints")
        checkpoint = store ?? nil
    }

    // MARK: From a coordinator

    /// Asks a coordinator; waits at most `patience`.
    public init(asking endpoint: String, patience: Duration = .seconds(5)) throws {
        let switchboard = try ZeroMQSwitchboard()
        defer { switchboard.close(flush: .zero) }
        var random = SystemRandomNumberGenerator()
        let link = try switchboard.connect(
            endpoint, identity: (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) })
        let request = ControlMessage(run: nil, generation: 0, body: .statusRequest(WireStatusRequest()))
        try switchboard.send([Frame(request.encoded())], to: .link(link))
        let deadline = ContinuousClock.now + patience
        while ContinuousClock.now < deadline {
            for event in try switchboard.poll(timeout: .milliseconds(100)) {
                guard case .message(_, let frames) = event, let first = frames.first,
                    case .statusReply(let reply) = try ControlMessage(decoding: first.bytes).body
                else { continue }
                self.init(try RunStatus(json: reply.json))
                return
            }
        }
        throw ObserveError(endpoint, "no coordinator answered within \(patience.components.seconds) s")
    }

    private init(_ status: RunStatus) {
        network = status.network
        phase = status.phase.rawValue
        step = status.step
        lastStep = status.lastStep
        stage = status.stage
        generation = status.generation
        secondsOfLastStep = status.secondsOfLastStep
        recoveries = status.recoveries
        workers = status.workers
    }
}

/// The newest checkpoint by name, without opening it.
private enum CheckpointFolder {
    static func newest(in folder: String) throws -> String? {
        try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { CheckpointStore.step(of: $0) != nil }.max().map { "\(folder)/\($0)" }
    }
}
