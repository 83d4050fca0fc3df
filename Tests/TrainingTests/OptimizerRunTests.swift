import Checkpoint
import ClusterCore
import Foundation
import NeuralNet
import TensorCore
import TestSupport
import Testing
import Transport

@testable import Training

/// Runs with an optimizer that keeps two moments, clipped and warmed up.
@Suite(.timeLimit(.minutes(20))) struct OptimizerRunTests {
    private static let others = """
        optimizer: {kind: adam, learning_rate: 0.003, clip_norm: 2}
        schedule: {kind: cosine, warmup_epochs: 0.6}
        checkpoint: {every_steps: 2}

        """

    private static func definition() throws -> RunDefinition {
        try TestDefinitions.make(searchSteps: 1, Self.others)
    }

    /// Both workers die after the checkpoint of step 4, in the converge phase; two others take the run to its
    /// end.
    @Test func bitsOfTwoWorkersAndAfterARewindAreThoseOfOne() throws {
        let definition = try Self.definition()
        let alone = try TestDefinitions.replica(definition, threads: 2)
        for step in 0..<definition.schedule.totalSteps {
            if step == definition.searchSteps {
                try alone.reshape(try #require(try LocalSearch.decide(alone).plan))
            }
            _ = try LocalSearch.step(alone)
        }
        let cluster = try NodeCluster(definition, workers: 2)
        try cluster.run { cluster.store.newest?.step == 4 }
        cluster.kill(0)
        cluster.kill(0)
        try cluster.run(turns: 5)
        try cluster.join()
        try cluster.join()
        #expect(try cluster.finish() == .done)
        #expect(cluster.store.rewinds == 1)
        #expect(cluster.store.digests[definition.schedule.totalSteps] == alone.digest())
    }

    /// Each phase's first step is the optimizer's first, and the warm-up is the converge phase's.
    @Test func stepsAreCountedFromTheirPhase() throws {
        let definition = try Self.definition()
        #expect(definition.optimizerStep(0, searchEnd: nil) == OptimizerStep(rate: 0.003, number: 1))
        // 0.6 epochs of 4 steps are 2.4.
        let rates = (1...4).map { definition.optimizerStep($0, searchEnd: 1) }
        #expect(rates.map(\.number) == [1, 2, 3, 4])
        #expect(rates.map(\.rate) == [0.001, 0.002, 0.003, 0.003])
    }

    @Test func clippingChangesTheStep() throws {
        func digest(_ clip: String) throws -> String {
            let replica = try TestDefinitions.replica(
                TestDefinitions.make("resnet20", "optimizer: {kind: sgd\(clip)}\n"))
            _ = try LocalSearch.step(replica)
            return replica.digest()
        }
        let free = try digest("")
        #expect(try digest(", clip_norm: 1e6") == free)
        #expect(try digest(", clip_norm: 0.01") != free)
    }

    @Test(arguments: [
        ("sgd", [""]), ("adam", [".exp_avg", ".exp_avg_sq"]), ("rmsprop", [".square_avg"]),
        ("rmsprop, momentum: 0.9", [".square_avg", ".momentum_buffer"]),
    ])
    func momentsOnDiskHavePyTorchsNames(kind: String, suffixes: [String]) throws {
        let definition = try TestDefinitions.make("resnet20", "optimizer: {kind: \(kind)}\n")
        let layout = try definition.stateLayout(plan: "")
        let parameters = layout.tensors.prefix { $0.offset < layout.parameterCount }
        #expect(layout.moments.map(\.name) == suffixes.flatMap { end in parameters.map { $0.name + end } })
        #expect(layout.momentCount == suffixes.count * layout.parameterCount)
        var next = 0
        for tensor in layout.moments {
            #expect(tensor.offset == next)
            next += tensor.count
        }
        #expect(next == layout.momentCount)
    }

    /// What a checkpoint on disk gives back is the state that went in.
    @Test(arguments: ["sgd", "adam", "rmsprop"]) func checkpointHoldsAllMoments(kind: String) throws {
        let definition = try TestDefinitions.make("resnet20", "optimizer: {kind: \(kind)}\n")
        let replica = try TestDefinitions.replica(definition)
        for _ in 0..<2 { _ = try LocalSearch.step(replica) }
        let folder = try TemporaryFolder()
        let switchboard = InMemoryNetwork().switchboard(named: "coordinator")
        let events = Mailbox<CoordinatorEvent>(waker: switchboard.waker)
        do {
            let store = try FileRunStore(
                definition, path: folder.path("run"), resume: false, events: events)
            try store.openCheckpoint(CheckpointRequest(step: 2, phase: .converge))
            var stream = StateStream(try replica.snapshot())
            while let (chunk, payload) = stream.next() { store.append(chunk, payload) }
            var written = false
            while !written {
                for event in events.drain() {
                    switch event {
                    case .checkpointWritten: written = true
                    case .failed(let reason):
                        Issue.record("\(reason)")
                        return
                    default: break
                    }
                }
                usleep(1000)
            }
            store.close()
        }
        let again = try FileRunStore(definition, path: folder.path("run"), resume: true, events: events)
        let snapshot = try #require(try again.initialState)
        #expect(snapshot.step == 2 && snapshot.digest == replica.digest())
        again.close()
    }
}
