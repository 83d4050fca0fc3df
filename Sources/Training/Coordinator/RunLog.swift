import ClusterCore
import Foundation
import Hypernet
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
    /// The plan's step: the first of the converge phase; nil while it is not known.
    var searchEnd: Int?
    /// Share of correct answers, of the newest evaluation or else of the newest steps.
    private var pace = Pace()
    /// The last step that the ledger has.
    private(set) var recordedStep = 0
    /// The last step that the metrics have an evaluation of.
    private var evaluatedStep: Int?
    /// The last step that the metrics have a look of the search at, and what it showed.
    private var lookedStep: Int?
    private var look: ProximalSearch.Look?

    /// Lines that may follow on a run's last step line, or on its last evaluation.
    private static let linesBack = 20_000

    init(_ folder: RunFolder, _ definition: RunDefinition, progress: ProgressLine) throws(ObserveError) {
        self.definition = definition
        self.progress = progress
        schedule = definition.schedule
        // Which of a resumed run's steps count is known once the workers have said what they hold.
        metrics = try MetricsWriter(path: folder.metrics, resumedStep: folder.holdsRun ? .max : nil)
        ledger = try MetricsWriter(path: folder.ledger, resumedStep: folder.holdsRun ? .max : nil)
        recordedStep =
            try MetricsFile.lastStep(in: Self.linesBack, of: folder.ledger) { $0.contains("\"samples\":") }
            ?? 0
        evaluatedStep = try MetricsFile.lastStep(in: Self.linesBack, of: folder.metrics) {
            $0.contains("\"evaluation\":")
        }
        lookedStep = try MetricsFile.lastStep(in: Self.linesBack, of: folder.metrics) {
            $0.contains("\"search_check\":")
        }
    }

    /// The run goes on from here: removes what is there of later steps.
    func continueFrom(step: Int) throws(ObserveError) {
        try metrics.remove(after: step)
        try ledger.remove(after: step)
        recordedStep = min(recordedStep, step)
        if let evaluated = evaluatedStep, evaluated > step { evaluatedStep = nil }
        if let looked = lookedStep, looked > step { (lookedStep, look) = (nil, nil) }
    }

    /// Unix time in seconds, to the millisecond.
    private var time: MetricValue {
        .number((Date().timeIntervalSince1970 * 1000).rounded() / 1000)
    }

    func note(_ text: String) {
        progress.note(text)
    }

    func record(_ step: CommittedStep) throws(ObserveError) {
        let imagesPerSecond = Double(step.images) / max(step.seconds, 1e-9)
        try ledger.write(step: step.step, entry(step))
        recordedStep = step.step
        try metrics.write(
            step: step.step,
            [
                ("phase", .text(step.phase.rawValue)),
                ("epoch", .number(epoch(of: step.step, isSearch: step.phase == .search))),
                ("loss", .number(step.loss)),
                ("top1", .number(Double(step.top1) / Double(max(step.images, 1)))),
                ("learning_rate", .number(shownLearningRate(of: step))),
                ("seconds", .number(step.seconds)), ("images_per_second", .number(imagesPerSecond)),
                ("bytes_sent", .integer(Int(clamping: step.bytesSent))),
                ("bytes_uncoded", .integer(Int(clamping: step.bytesUncoded))),
            ])
        pace.add(step)
        show(step)
    }

    private func shownLearningRate(of step: CommittedStep) -> Double {
        definition.shownLearningRate(
            step: step.step - 1, searchEnd: step.phase == .search ? nil : searchEnd ?? 0)
    }

    /// Once for each step, however often it is asked for.
    func record(_ look: ProximalSearch.Look, after step: Int) throws(ObserveError) {
        self.look = look
        guard lookedStep != step else { return }
        lookedStep = step
        try metrics.write(
            step: step,
            [
                ("search_check", .boolean(true)), ("flops", .integer(look.flops)),
                ("parameters", .integer(look.parameters)), ("ratio", .number(look.ratio)),
                ("target", .number(look.target)),
                ("above_threshold", .object(look.above.map { ($0.vector, .integer($0.count)) })),
            ])
    }

    private func entry(_ step: CommittedStep) -> [(String, MetricValue)] {
        let workers = step.participants.sorted { $0.key < $1.key }.map { worker, shards in
            (key: "\(worker)", value: MetricValue.list(shards.sorted().map(MetricValue.integer)))
        }
        return [
            ("time", time), ("phase", .text(step.phase.rawValue)),
            ("generation", .integer(Int(clamping: step.generation))),
            ("attempt", .integer(Int(step.attempt))),
            ("first_sample", .integer((step.step - 1) * definition.recipe.batch)),
            ("samples", .integer(step.images)), ("workers", .object(workers)),
        ] + (step.recoverySeconds.map { [("recovery_seconds", .number($0))] } ?? [])
    }

    func recordDigest(step: Int, digest: String) throws(ObserveError) {
        try ledger.write(step: step, [("time", time), ("digest", .text(digest))])
    }

    private func show(_ step: CommittedStep) {
        let total = schedule.lastStep(searchEnd: searchEnd)
        let shown = RunProgress(
            phase: step.phase.rawValue, step: step.step, total: total, imagesPerSecond: pace.imagesPerSecond,
            loss: pace.loss, accuracy: pace.accuracy,
            note: step.phase == .search ? look.map(PlanReport.line) ?? "" : "")
        if step.step == total { progress.finish(shown) } else { progress.update(shown) }
    }

    func record(_ result: EvaluationResult) throws(ObserveError) {
        guard evaluatedStep != result.step else { return }
        evaluatedStep = result.step
        let images = Double(max(result.images, 1))
        try metrics.write(
            step: result.step,
            [
                ("evaluation", .boolean(true)), ("epoch", .number(epoch(of: result.step, isSearch: false))),
                ("test_loss", .number(result.loss)),
                ("test_top1", .number(Double(result.top1) / images)),
                ("test_top5", .number(Double(result.top5) / images)),
                ("test_images", .integer(result.images)),
            ])
        let epoch = Show.decimals(epoch(of: result.step, isSearch: false), 1)
        progress.note("step \(result.step), epoch \(epoch): \(result.text)")
    }

    /// Epochs of its phase that are done after a step, to four decimals.
    private func epoch(of step: Int, isSearch: Bool) -> Double {
        let steps = definition.phaseStep(step, searchEnd: isSearch ? nil : searchEnd)
        let epochs = Double(steps * definition.recipe.batch) / Double(definition.train.count)
        return (epochs * 10_000).rounded() / 10_000
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
