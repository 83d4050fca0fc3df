import Foundation
import Observe
import TestSupport
import Testing
import Transport

@testable import ClusterCore
@testable import Training

/// The coordinator's plots, and those that are made again from its folder.
@Suite(.timeLimit(.minutes(20))) struct RunPlotsTests {
    private func step(_ number: Int, _ phase: Phase) -> CommittedStep {
        CommittedStep(
            step: number, phase: phase, generation: 1, attempt: 0, participants: [1: [0]], loss: 2, top1: 9,
            top5: 30, images: 64, bytesSent: 0, bytesUncoded: 0, seconds: 0.1)
    }

    private func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(folder)/plots").sorted()
    }

    @Test func aRunLeavesItsPlots() throws {
        let definition = try TestDefinitions.make(searchSteps: 1)
        let folder = try TemporaryFolder()
        let run = folder.path("run")
        let switchboard = InMemoryNetwork().switchboard(named: "coordinator")
        let store = try FileRunStore(
            definition, path: run, resume: false, events: Mailbox(waker: switchboard.waker))
        let replica = try TestDefinitions.replica(definition)
        let start = replica.latentVectors.map(\.values)
        _ = try LocalSearch.step(replica)
        try store.record(step(1, .search))
        let vectors = replica.latentVectors.map { vector in
            var reported = WireLatentValues()
            (reported.values, reported.gradients) = (vector.values, vector.gradients)
            return reported
        }
        #expect(try store.decidePlan(vectors, after: 1) != nil)
        try store.record(step(2, .converge))
        try store.record(EvaluationResult(step: 2, loss: 2, top1: 5, top5: 20, images: 50))
        store.close()
        #expect(try names(run) == ["channels.svg", "latents.svg", "search.svg", "training.svg"])

        // What the seed gives is what the search began with.
        let latents = try JSONDecoder().decode(
            RunPlots.Latents.self, from: Data(contentsOf: URL(filePath: "\(run)/latents.json")))
        #expect(latents.step == 1 && !latents.vectors.isEmpty)
        #expect(latents.vectors.allSatisfy { start.contains($0.start) && $0.start != $0.end })

        // Drawn again: the same; without the plan and with damage: those that are left.
        let before = try Data(contentsOf: URL(filePath: "\(run)/plots/latents.svg"))
        #expect(try RunPlots(folder: run).write().count == 4)
        #expect(try Data(contentsOf: URL(filePath: "\(run)/plots/latents.svg")) == before)
        try FileManager.default.removeItem(atPath: "\(run)/plots")
        try FileManager.default.removeItem(atPath: "\(run)/plan.json")
        try Data("no JSON".utf8).write(to: URL(filePath: "\(run)/latents.json"))
        #expect(try RunPlots(folder: run).write() == ["\(run)/plots/training.svg"])
        #expect(throws: ObserveError.self) { try RunPlots(folder: folder.path) }
    }
}
