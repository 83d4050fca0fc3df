import Checkpoint
import ClusterCore
import Foundation
import Hypernet
import ImageData
import NeuralNet
import Observe
import Recipe

extension CoordinatorDriver {
    func perform(_ directive: CoordinatorDirective) throws {
        switch directive {
        case .send(let message, let identity): try send(message, to: identity)
        case .sendInitialState(let identity): try sendInitialState(to: identity)
        case .record(let step):
            // All workers have taken over the state that the run went on from.
            resume = nil
            try log.record(step)
        case .recordEvaluation(let result):
            lastEvaluation = result
            try log.record(result)
        case .decidePlan(_, let vectors): try decidePlan(vectors)
        case .receiveCheckpoint(let step, let phase, let identity):
            saver = identity
            sink.open(try opening(step: step, phase: phase))
        case .log(let text): log.note(text)
        case .finish(let outcome): self.outcome = outcome
        }
    }

    private func sendInitialState(to identity: [UInt8]) throws {
        guard let resume else { return }
        var head = WireLoadState()
        head.phase = resume.phase.rawValue
        head.step = UInt64(resume.step)
        head.plan = resume.plan
        head.exponents = resume.snapshot.exponents
        try send(machine.envelope(.loadState(head)), to: identity)
        sendState(resume.snapshot, to: identity)
    }

    /// Decides the plan and stores it durably before anybody hears of it.
    private func decidePlan(_ vectors: [WireLatentValues]) throws {
        do {
            let plan = try PlanDecision.plan(
                definition, latents: vectors.map(\.values), gradients: vectors.map(\.gradients))
            let json = try plan.json()
            try DurableFile.write(json, to: folder.plan)
            self.plan = plan
            log.note(PlanReport.text(plan))
            try tell(.planDecided(json: String(decoding: json, as: UTF8.self)))
        } catch let error as ShrinkError {
            try tell(.failed(reason: error.description))
        }
    }

    private func opening(step: Int, phase: Phase) throws -> CheckpointSink.Opening {
        let recipe = definition.recipe
        let planText =
            phase == .search ? "" : try plan.map { String(decoding: try $0.json(), as: UTF8.self) } ?? ""
        let phaseStep = phase == .search ? step : max(step - definition.searchSteps, 0)
        let shape = definition.train.imageShape
        let manifest = Manifest(
            phase: phase == .search ? .search : .converge, step: step, phaseStep: phaseStep,
            position: step * recipe.batch, epoch: phaseStep * recipe.batch / definition.train.count,
            network: recipe.network, classes: definition.train.classNames,
            inputShape: [shape.channels, shape.height, shape.width], width: recipe.shrink?.width ?? 1,
            recipeFingerprint: recipe.fingerprint, dataFingerprint: definition.train.fingerprint,
            instructionLevel: machine.instructionLevel, denseAlgebra: machine.denseAlgebra,
            plan: planText.isEmpty ? nil : try JSONValue(json: planText))
        return CheckpointSink.Opening(manifest: manifest, layout: try definition.stateLayout(plan: planText))
    }
}
