import ArgumentParser
import Foundation
import Simulation

/// What `espalier simulate --workers` predicts from.
struct PredictionOptions: ParsableArguments {
    @Option(help: "Predict the throughput of so many workers.")
    var workers: Int?

    @Option(help: "Each machine's link: a number and kbit, mbit or gbit.")
    var link = "1gbit"

    @Option(help: "One-way delay of a message, in milliseconds.")
    var latency = 0.2

    @Option(help: "Mean time between a worker's failures: a number and s, m, h or d; default: never.")
    var mtbf: String?

    @Option(help: "From a failure until the worker is back, likewise.")
    var restart = "60s"

    @Option(help: "Shards of a global batch.")
    var shards = 64

    @Option(help: "Images of a shard.")
    var shardImages = 32

    @Option(help: "Measured seconds of a shard on the fastest worker.")
    var shardSeconds = 1.0

    @Option(help: "Measured seconds of a whole step on the fastest worker alone; instead of --shard-seconds.")
    var step: Double?

    @Option(help: "How many times as long the slowest worker takes.")
    var spread = 1.0

    @Option(help: "Elements of the reduced vector: parameters and running statistics.")
    var parameters = 25_600_000

    @Option(help: "Measured bytes of a coded element.")
    var elementBytes = 2.6

    @Option(help: "Measured seconds to code and decode a million bytes.")
    var codingSeconds = 0.002

    @Option(help: "Measured seconds to apply a step.")
    var applySeconds = 0.05

    @Option(help: "Steps to predict.")
    var steps = 30

    func validate() throws {
        if let workers { try Limits.check("--workers", workers, 1...10_000) }
        try Limits.check("--shards", shards, 1...4096)
        try Limits.check("--shard-images", shardImages, 1...1_000_000)
        try Limits.check("--parameters", parameters, 1...1_000_000_000)
        try Limits.check("--steps", steps, 1...100_000)
        let positive = [
            ("--latency", latency), ("--shard-seconds", shardSeconds), ("--element-bytes", elementBytes),
            ("--step", step ?? 1),
        ]
        for (name, value) in positive where !(value > 0 && value < 1e6) {
            throw ValidationError("\(name) must be above 0")
        }
        guard codingSeconds >= 0, applySeconds >= 0, spread >= 1, spread <= 1000 else {
            throw ValidationError("--coding-seconds and --apply-seconds must be at least 0, --spread 1")
        }
        _ = try costs
    }

    var costs: ClusterCosts? {
        get throws {
            guard let workers else { return nil }
            return ClusterCosts(
                workers: workers, shards: shards, imagesPerShard: shardImages, parameters: parameters,
                secondsPerShard: step.map { $0 / Double(shards) } ?? shardSeconds, spread: spread,
                codingSecondsPerMB: codingSeconds,
                bytesPerElement: elementBytes, applySeconds: applySeconds,
                bytesPerSecond: try LinkRate.bytesPerSecond(link),
                latencySeconds: latency / 1000,
                mtbfSeconds: try mtbf.map { try Self.number($0, Self.times) },
                restartSeconds: try Self.number(restart, Self.times), timeoutSeconds: 30)
        }
    }

    private static let times: [String: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86400]

    private static func number(_ text: String, _ units: [String: Double]) throws -> Double {
        let digits = text.prefix { $0.isNumber || $0 == "." }
        guard let value = Double(digits), value > 0, let unit = units[String(text.dropFirst(digits.count))]
        else {
            let known = units.keys.sorted().joined(separator: ", ")
            throw ValidationError("\"\(text)\" is not a number and one of \(known)")
        }
        return value * unit
    }

    func predict(_ costs: ClusterCosts) throws {
        let report = try Prediction(costs).run(steps: steps)
        let share = report.imagesPerSecond / report.idealImagesPerSecond
        let lost = report.recoverySeconds / report.seconds
        let lines = [
            String(format: "%.1f images/s, %.3f of the ideal", report.imagesPerSecond, share),
            String(format: "%.3f s a step, %d steps", report.meanStepSeconds, report.steps),
            String(
                format: "%d deaths, %d joins; recoveries took %.1f s, %.3f of the time", report.deaths,
                report.joins, report.recoverySeconds, lost),
            String(format: "%.2f MB of control messages a step", report.controlMegabytesPerStep),
        ]
        print(lines.joined(separator: "\n"))
    }
}
