import Checkpoint
import ClusterCore
import Foundation
import Hypernet
import ImageData
import NeuralNet
import Observe
import Recipe
import Transport

/// A run's folder as the coordinator's node uses it.
final class FileRunStore: RunStore {
    let folder: RunFolder
    let log: RunLog
    private let definition: RunDefinition
    private let checkpoints: CheckpointStore
    private let sink: CheckpointSink
    private let progress: ProgressLine
    private let plots: PlotQueue
    /// What the newest checkpoint holds; not kept in memory once the run goes on.
    private var resume: ResumePoint?
    private(set) var plan: Plan?
    private(set) var lastEvaluation: EvaluationResult?

    /// Opens the folder, and the newest checkpoint when resuming.
    /// - Throws: `ObserveError`, `CheckpointError`, ``ResumeError`` and others, each one line.
    init(
        _ definition: RunDefinition, path: String, resume: Bool, events: Mailbox<CoordinatorEvent>
    ) throws {
        self.definition = definition
        let progress = ProgressLine()
        self.progress = progress
        let folder = try RunFolder(path: path, resume: resume)
        self.folder = folder
        // First: a plan that cannot be had should not leave a folder that looks used.
        let early = try Self.storedPlan(folder, definition) ?? Self.planWithoutSearch(folder, definition)
        checkpoints = try CheckpointStore(
            folder: folder.checkpoints, keep: definition.recipe.checkpoint.keep)
        self.resume =
            try resume ? ResumePoint.latest(in: checkpoints, definition) { progress.note($0) } : nil
        plots = PlotQueue(folder: folder.path) { progress.note($0) }
        log = try RunLog(folder, definition, progress: progress)
        try definition.recipe.write(to: folder.recipe)
        sink = CheckpointSink(checkpoints, events: events)
        plan = try early ?? self.resume?.plan
        log.searchEnd = definition.searchEnd(plan)
    }

    /// A plan that was decided is not decided again.
    private static func storedPlan(_ folder: RunFolder, _ definition: RunDefinition) -> Plan? {
        guard folder.holdsRun, definition.recipe.shrink != nil else { return nil }
        return FileManager.default.contents(atPath: folder.plan).flatMap { try? Plan(json: $0) }
    }

    private static func planWithoutSearch(_ folder: RunFolder, _ definition: RunDefinition) throws -> Plan? {
        guard let plan = try PlanDecision.withoutSearch(definition) else { return nil }
        try DurableFile.write(try plan.json(), to: folder.plan)
        return plan
    }

    /// The newest checkpoint as it was opened last; nil: there is none.
    var newest: ResumePoint? { resume }

    var planText: String? {
        get throws { try plan.map { String(decoding: try $0.json(), as: UTF8.self) } }
    }

    var decidedPlan: DecidedPlan? {
        get throws { try planText.flatMap { json in plan.map { DecidedPlan(json: json, step: $0.step) } } }
    }

    func close() {
        sink.close()
        plots.finish()
    }

    // MARK: The state

    var initialState: StateSnapshot? {
        get throws {
            if resume == nil { try reopen() }
            return resume?.snapshot
        }
    }

    private func reopen() throws {
        resume = try ResumePoint.latest(in: checkpoints, definition) { progress.note($0) }
    }

    func rewind() throws -> CoordinatorMachine.Resume? {
        try reopen()
        return resume?.place
    }

    // MARK: The log

    func continueFrom(step: Int) throws {
        try log.continueFrom(step: step)
        if let evaluation = lastEvaluation, evaluation.step > step { lastEvaluation = nil }
    }

    func record(_ step: CommittedStep) throws {
        resume = nil
        try log.record(step)
    }

    func recordDigest(step: Int, digest: String) throws {
        try log.recordDigest(step: step, digest: digest)
    }

    func record(_ result: EvaluationResult) throws {
        lastEvaluation = result
        try log.record(result)
    }

    func note(_ text: String) { log.note(text) }

    // MARK: The plan

    func decidePlan(_ vectors: [WireLatentValues], after step: Int) throws -> String? {
        let outcome = try PlanDecision.decide(
            definition, step: step, latents: vectors.map(\.values), gradients: vectors.map(\.gradients))
        if let look = outcome.look { try log.record(look, after: step) }
        defer { drawSearch(vectors, after: step) }
        guard let plan = outcome.plan else { return nil }
        let json = try plan.json()
        try DurableFile.write(json, to: folder.plan)
        self.plan = plan
        log.searchEnd = plan.step
        if let note = outcome.note { log.note(note) }
        log.note(PlanReport.text(plan))
        return String(decoding: json, as: UTF8.self)
    }

    private func drawSearch(_ vectors: [WireLatentValues], after step: Int) {
        guard let graph = definition.widened else { return }
        plots.drawSearch(
            vectors.map { ($0.values, $0.gradients) }, after: step, of: graph, seed: definition.recipe.seed)
    }

    // MARK: Checkpoints

    func openCheckpoint(_ request: CheckpointRequest) throws {
        plots.drawCurves()
        let recipe = definition.recipe
        let planText = request.phase == .search ? "" : try planText ?? ""
        let isSearch = request.phase == .search
        let phaseStep = definition.phaseStep(
            request.step, searchEnd: isSearch ? nil : definition.searchEnd(plan))
        let shape = definition.train.imageShape
        let manifest = Manifest(
            phase: isSearch ? .search : .converge, step: request.step, phaseStep: phaseStep,
            position: request.step * recipe.batch, epoch: phaseStep * recipe.batch / definition.train.count,
            network: recipe.network, classes: definition.train.classNames,
            inputShape: [shape.channels, shape.height, shape.width], width: recipe.shrink?.width ?? 1,
            recipeFingerprint: recipe.fingerprint, dataFingerprint: definition.train.fingerprint,
            instructionLevel: request.instructionLevel, denseAlgebra: request.denseAlgebra,
            plan: planText.isEmpty ? nil : try JSONValue(json: planText))
        sink.open(
            CheckpointSink.Opening(manifest: manifest, layout: try definition.stateLayout(plan: planText)))
    }

    func append(_ chunk: WireStateChunk, _ payload: Frame) { sink.append(chunk, payload) }

    func abandonCheckpoint(step: Int) { sink.abandon(step: step) }
}
