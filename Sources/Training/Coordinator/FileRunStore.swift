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
        folder = try RunFolder(path: path, resume: resume)
        checkpoints = try CheckpointStore(
            folder: folder.checkpoints, keep: definition.recipe.checkpoint.keep)
        self.resume =
            try resume ? ResumePoint.latest(in: checkpoints, definition) { progress.note($0) } : nil
        log = try RunLog(folder, definition, progress: progress)
        try definition.recipe.write(to: folder.recipe)
        sink = CheckpointSink(checkpoints, events: events)
        plan = definition.recipe.shrink == nil ? nil : Self.storedPlan(folder)
    }

    /// A plan that was decided is not decided again.
    private static func storedPlan(_ folder: RunFolder) -> Plan? {
        FileManager.default.contents(atPath: folder.plan).flatMap { try? Plan(json: $0) }
    }

    /// The newest checkpoint as it was opened last; nil: there is none.
    var newest: ResumePoint? { resume }

    var planText: String? {
        get throws { try plan.map { String(decoding: try $0.json(), as: UTF8.self) } }
    }

    func close() { sink.close() }

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
        try log.record(step, plan: step.phase == .search ? nil : plan)
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

    func decidePlan(_ vectors: [WireLatentValues]) throws -> String {
        let plan = try PlanDecision.plan(
            definition, latents: vectors.map(\.values), gradients: vectors.map(\.gradients))
        let json = try plan.json()
        try DurableFile.write(json, to: folder.plan)
        self.plan = plan
        log.note(PlanReport.text(plan))
        return String(decoding: json, as: UTF8.self)
    }

    // MARK: Checkpoints

    func openCheckpoint(_ request: CheckpointRequest) throws {
        let recipe = definition.recipe
        let planText = request.phase == .search ? "" : try planText ?? ""
        let isSearch = request.phase == .search
        let phaseStep = definition.phaseStep(request.step, plan: isSearch ? nil : plan)
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
