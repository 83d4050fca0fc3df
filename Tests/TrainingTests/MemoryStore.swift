import ClusterCore
import Hypernet
import Transport

@testable import Training

/// A run's folder in memory.
final class MemoryStore: RunStore {
    private let definition: RunDefinition
    private let events: () -> Mailbox<CoordinatorEvent>
    private(set) var steps: [CommittedStep] = []
    private(set) var digests: [Int: String] = [:]
    private(set) var evaluations: [EvaluationResult] = []
    private(set) var plan: DecidedPlan?
    /// The steps after which the search was looked at.
    private(set) var looks: [Int] = []
    private(set) var rewinds = 0
    private(set) var notes: [String] = []
    private(set) var newest: StateSnapshot?
    private var arriving: (request: CheckpointRequest, weights: [Float], moments: [Float])?

    /// - Parameter events: of the coordinator that lives now.
    init(_ definition: RunDefinition, events: @escaping () -> Mailbox<CoordinatorEvent>) throws {
        self.definition = definition
        self.events = events
        plan = try PlanDecision.withoutSearch(definition).map {
            DecidedPlan(json: String(decoding: try $0.json(), as: UTF8.self), step: 0)
        }
    }

    var initialState: StateSnapshot? { newest }

    func continueFrom(step: Int) { steps.removeAll { $0.step > step } }
    func record(_ step: CommittedStep) { steps.append(step) }
    func recordDigest(step: Int, digest: String) { digests[step] = digest }
    func record(_ result: EvaluationResult) { evaluations.append(result) }

    func decidePlan(_ vectors: [WireLatentValues], after step: Int) throws -> String? {
        looks.append(step)
        let plan = try PlanDecision.decide(
            definition, step: step, latents: vectors.map(\.values), gradients: vectors.map(\.gradients)
        ).plan
        guard let plan else { return nil }
        let json = String(decoding: try plan.json(), as: UTF8.self)
        self.plan = DecidedPlan(json: json, step: plan.step)
        return json
    }

    func openCheckpoint(_ request: CheckpointRequest) { arriving = (request, [], []) }

    func append(_ chunk: WireStateChunk, _ payload: Frame) {
        guard let request = arriving?.request else { return }
        let values = payload.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        if chunk.section == .momentum { arriving?.moments += values } else { arriving?.weights += values }
        guard chunk.last, let whole = arriving else { return }
        newest = StateSnapshot(
            step: request.step, phase: request.phase, plan: request.phase == .search ? "" : plan?.json ?? "",
            exponents: chunk.exponents, weights: whole.weights, moments: whole.moments)
        arriving = nil
        events().post(.checkpointWritten(step: request.step))
    }

    func abandonCheckpoint(step: Int) { arriving = nil }

    func rewind() -> CoordinatorMachine.Resume? {
        rewinds += 1
        return newest.map { CoordinatorMachine.Resume(step: $0.step, phase: $0.phase) }
    }

    func note(_ text: String) { notes.append(text) }
}
