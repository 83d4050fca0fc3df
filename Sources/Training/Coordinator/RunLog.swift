import ClusterCore
import ImageData
import Observe
import Recipe

/// What a run leaves for people and scripts: metrics.jsonl, ledger.jsonl, the progress line.
final class RunLog {
    private let metrics: MetricsWriter
    private let ledger: MetricsWriter
    private let progress: ProgressLine
    private let definition: RunDefinition
    private let schedule: RunSchedule
    /// Share of correct answers, of the newest evaluation or else of the newest steps.
    private var pace = Pace()

    init(_ folder: RunFolder, _ definition: RunDefinition, resumedStep: Int?, progress: ProgressLine)
        throws(ObserveError)
    {
        self.definition = definition
        self.progress = progress
        schedule = definition.schedule
        let keptStep = folder.holdsRun ? resumedStep ?? 0 : nil
        metrics = try MetricsWriter(path: folder.metrics, resumedStep: keptStep)
        ledger = try MetricsWriter(path: folder.ledger, resumedStep: keptStep)
    }

    func note(_ text: String) {
        progress.note(text)
    }

    func record(_ step: CommittedStep) throws(ObserveError) {
        let imagesPerSecond = Double(step.images) / max(step.seconds, 1e-9)
        try ledger.write(
            step: step.step,
            [
                ("phase", .text(step.phase.rawValue)),
                ("generation", .integer(Int(clamping: step.generation))),
                ("attempt", .integer(Int(step.attempt))),
                ("first_sample", .integer((step.step - 1) * definition.recipe.batch)),
                ("samples", .integer(step.images)),
                ("workers", .text(step.participants.map(String.init).joined(separator: ","))),
            ])
        try metrics.write(
            step: step.step,
            [
                ("phase", .text(step.phase.rawValue)), ("loss", .number(step.loss)),
                ("top1", .number(Double(step.top1) / Double(max(step.images, 1)))),
                ("learning_rate", .number(definition.shownLearningRate(step: step.step - 1))),
                ("seconds", .number(step.seconds)), ("images_per_second", .number(imagesPerSecond)),
                ("bytes_sent", .integer(Int(clamping: step.bytesSent))),
                ("bytes_uncoded", .integer(Int(clamping: step.bytesUncoded))),
            ])
        pace.add(step)
        show(step)
    }

    private func show(_ step: CommittedStep) {
        let total = schedule.lastStep
        let shown = RunProgress(
            phase: step.phase.rawValue, step: step.step, total: total, imagesPerSecond: pace.imagesPerSecond,
            loss: pace.loss, accuracy: pace.accuracy)
        if step.step == total { progress.finish(shown) } else { progress.update(shown) }
    }

    func record(_ result: EvaluationResult) throws(ObserveError) {
        let images = Double(max(result.images, 1))
        try metrics.write(
            step: result.step,
            [
                ("evaluation", .boolean(true)), ("test_loss", .number(result.loss)),
                ("test_top1", .number(Double(result.top1) / images)),
                ("test_top5", .number(Double(result.top5) / images)),
                ("test_images", .integer(result.images)),
            ])
        let epoch =
            Double(max(result.step - schedule.searchSteps, 0) * definition.recipe.batch)
            / Double(definition.train.count)
        progress.note("step \(result.step), epoch \(Show.decimals(epoch, 1)): \(result.text)")
    }
}

extension EvaluationResult {
    /// For people: "test accuracy 91.2 % (top-5 99.6 %), loss 0.310".
    var text: String {
        let images = Double(max(images, 1))
        return "test accuracy \(Show.percent(Double(top1) / images)) "
            + "(top-5 \(Show.percent(Double(top5) / images))), loss \(Show.decimals(loss, 3))"
    }
}

/// Means over the newest steps, so that the progress line does not flicker.
private struct Pace {
    private static let steps = 20
    private var newest: [CommittedStep] = []

    mutating func add(_ step: CommittedStep) {
        if newest.last.map({ $0.phase != step.phase }) ?? false { newest = [] }
        newest.append(step)
        if newest.count > Self.steps { newest.removeFirst() }
    }

    var imagesPerSecond: Double {
        newest.reduce(0) { $0 + Double($1.images) } / max(newest.reduce(0) { $0 + $1.seconds }, 1e-9)
    }

    var loss: Double { newest.reduce(0) { $0 + $1.loss } / Double(max(newest.count, 1)) }

    var accuracy: Double {
        Double(newest.reduce(0) { $0 + $1.top1 }) / Double(max(newest.reduce(0) { $0 + $1.images }, 1))
    }
}
