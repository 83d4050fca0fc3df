import ArgumentParser
import Foundation
import NeuralNet
import Observe
import Training

struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Report a checkpoint's accuracy on its test images.")

    @Argument(help: "A checkpoint's folder, or a run's folder for its newest checkpoint.")
    var checkpoint: String

    @Option(help: "Another data folder than the recipe's.")
    var data: String?

    @Option(help: "Compute threads; by default one for each processor.")
    var threads: Int?

    @Flag(help: "Print JSON.")
    var json = false

    struct Report: Encodable {
        let network: String
        let step: Int
        let images: Int
        let top1: Double
        let top5: Double
        let loss: Double
    }

    func validate() throws {
        if let threads { try Limits.check("--threads", threads, Limits.threads) }
    }

    func run() throws {
        let evaluation = try CheckpointEvaluation(
            path: checkpoint, data: data, threads: threads ?? ProcessInfo.processInfo.activeProcessorCount)
        let counts = try evaluation.run()
        let images = Double(max(counts.images, 1))
        let report = Report(
            network: evaluation.network, step: evaluation.step, images: counts.images,
            top1: Double(counts.top1) / images, top5: Double(counts.top5) / images,
            loss: counts.lossSum / images)
        if json { return print(try JSONOutput.text(report)) }
        print(
            "\(report.network), step \(report.step): top-1 \(Show.percent(report.top1)), "
                + "top-5 \(Show.percent(report.top5)), loss \(Show.decimals(report.loss, 4)) "
                + "on \(report.images) images")
    }
}
