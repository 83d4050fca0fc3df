public import ArgumentParser
public import Bench
import Foundation
import ModelZoo
import Observe

extension StepSettings.Precision: ExpressibleByArgument {}

struct BenchStep: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "step",
        abstract: "Time whole training steps on noise, in this process, and say where the time goes.",
        discussion: "Known networks: \(ModelZoo.names.joined(separator: ", ")).")

    @Argument(help: "The network's name.")
    var network: String

    @Option(help: "Side of the square input images, in pixels.")
    var input = 224

    @Option(help: "Number of classes.")
    var classes = 1000

    @Option(help: "Images of a step.")
    var batch = 64

    @Option(
        help: "Images of a shard, a divisor of the batch; by default 32, or the batch if that is smaller.")
    var shard: Int?

    @Option(help: "Number format of activations and convolutions.")
    var precision = StepSettings.Precision.fp32

    @Option(help: "Widen every layer so many times.")
    var width = 1.0

    @Option(help: "Embedding of the hypernetwork that makes the weights; 0: a plain network.")
    var hyper = 0

    @Option(
        help: """
            Cut the network down to this plan, a file as shrink --json prints it or a run's plan.json; for \
            the same network and width.
            """)
    var plan: String?

    @Option(help: "Cut channels away at random, so that this share of the FLOPs stays: above 0, to 1.")
    var keep: Double?

    @Option(help: "Compute threads; by default one for each processor.")
    var threads: Int?

    @Option(help: "Steps to measure, after two to warm up.")
    var steps = 10

    @Option(help: "Further steps in which the threads measure their passes, for the breakdown.")
    var measuredSteps = 5

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        if let threads { try Limits.check("--threads", threads, Limits.threads) }
        try Limits.check("--batch", batch, 1...65_536)
        try Limits.check("--steps", steps, 1...1_000_000)
        try Limits.check("--measured-steps", measuredSteps, 0...1_000_000)
        try Limits.check("--hyper", hyper, 0...256)
        if plan != nil, keep != nil { throw ValidationError("--plan and --keep exclude each other") }
        if hyper > 0, plan != nil || keep != nil { throw ValidationError("\(BenchError.searchOfPruned)") }
        if let keep { try Limits.check(keep: keep) }
        if let shard { try Limits.check("--shard", shard, 1...65_536) }
    }

    func run() throws {
        var settings = StepSettings(network: network)
        settings.input = input
        settings.classes = classes
        settings.batch = batch
        settings.shard = shard
        settings.precision = precision
        settings.width = width
        settings.hyper = hyper
        settings.pruning = try pruning()
        settings.threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
        settings.steps = steps
        settings.measuredSteps = measuredSteps
        let report = try StepBench(settings).run()
        print(json ? try JSONOutput.text(report) : Self.text(report))
    }

    private func pruning() throws -> StepSettings.Pruning? {
        if let keep { return .random(keep: keep) }
        return try plan.map { .plan(try PlanFile.read($0)) }
    }

    private static func text(_ report: StepReport) -> String {
        var table = TextTable([("pass", .left), ("ms a step", .right), ("%", .right)])
        for part in report.breakdown {
            table.add([
                part.pass.replacingOccurrences(of: "_", with: " "),
                String(format: "%.2f", part.seconds * 1e3), String(format: "%.1f", part.share * 100),
            ])
        }
        let lines = [
            "\(report.network), \(report.input)×\(report.input), batch \(report.batch) in shards of "
                + "\(report.shard) and slices of \(report.slice), \(report.precision), "
                + "\(report.threads) threads, \(report.instructionLevel)"
                + (report.flopsShare < 1 ? ", \(Show.percent(report.flopsShare)) of the FLOPs" : ""),
            String(
                format: "%.1f images/s (best %.1f), %.0f GFLOP/s, %.0f %% of %.0f; %.2f GB",
                report.imagesPerSecondMedian, report.imagesPerSecondBest, report.gflops,
                report.shareOfPeak * 100, report.peakGflops, report.peakGb),
            String(
                format: "loss %.4f, weights %@", report.loss, String(report.weightsSha256.prefix(16))),
        ]
        return (lines + ["\(table)"]).joined(separator: "\n")
    }
}
