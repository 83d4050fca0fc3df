import ClusterCore
import Foundation
import Hypernet
import NeuralNet
import Recipe
import TensorCore
import TestSupport
import Testing

@testable import Training

/// Every method on a cluster of real replicas: the same bits for any number of workers, through deaths and
/// restarts.
@Suite(.timeLimit(.minutes(20))) struct MethodTests {
    /// A method as lines of `shrink`.
    struct Method: Sendable, CustomTestStringConvertible {
        let name: String
        let lines: String
        /// Steps of its search.
        let search: Int

        var testDescription: String { name }

        func definition(_ others: String = "") throws -> RunDefinition {
            try TestDefinitions.make(
                epochs: 1, shrink: "method: \(name)\n\(lines)", "checkpoint:\n  every_steps: 2\n\(others)")
        }

        /// The digest of the last state and the steps taken, as one replica comes to them.
        func alone(threads: Int = 2) throws -> (digest: String, steps: Int) {
            let definition = try definition()
            let replica = try TestDefinitions.replica(definition, threads: threads)
            while replica.step < definition.schedule.totalSteps(searchEnd: replica.plan?.step) {
                _ = try LocalSearch.step(replica)
                if replica.plan == nil, definition.schedule.checkIsDue(after: replica.step),
                    let plan = try LocalSearch.decide(replica).plan
                {
                    try replica.reshape(plan)
                }
            }
            return (replica.digest(), replica.step)
        }
    }

    static let dhp = Method(
        name: "dhp",
        lines: """
            embedding: 2
            steps: 20
            check_every: 2
            strength: 1
            tolerance: 0.1
            budget: {ratio: 0.5}
            """, search: 4)
    static let methods = [
        dhp, Method(name: "magnitude", lines: "embedding: 2\nsteps: 2\nbudget: {ratio: 0.5}", search: 2),
        Method(name: "uniform", lines: "budget: {flops_of_baseline: 0.9}", search: 0),
        Method(name: "random", lines: "seed: 3\nbudget: {parameters: 200k}", search: 0),
    ]

    private static let expected = Dictionary(
        uniqueKeysWithValues: methods.map { method in (method.name, Result { try method.alone() }) })

    private func expectGoodEnd(
        _ cluster: NodeCluster, _ method: Method, at location: SourceLocation = #_sourceLocation
    ) throws {
        #expect(try cluster.finish() == .done, "\(cluster.store.notes)", sourceLocation: location)
        let expected = try #require(Self.expected[method.name]).get()
        let store = cluster.store!
        #expect(expected.steps == method.search + 4, sourceLocation: location)
        #expect(store.steps.map(\.step) == Array(1...expected.steps), sourceLocation: location)
        #expect(
            store.steps.count { $0.phase == .search } == method.search, sourceLocation: location)
        #expect(store.plan?.step == method.search, sourceLocation: location)
        #expect(
            store.digests[expected.steps] == expected.digest, "\(store.notes)", sourceLocation: location)
    }

    @Test(arguments: methods, [1, 2]) func anyNumberOfWorkers(method: Method, workers: Int) throws {
        try expectGoodEnd(try NodeCluster(method.definition(), workers: workers), method)
    }

    @Test(arguments: methods) func threadsDoNotShow(method: Method) throws {
        #expect(try method.alone(threads: 3).digest == Self.expected[method.name]?.get().digest)
    }

    /// In the middle of something, at and between looks; another comes and is fed the state.
    @Test(arguments: [1, 2, 4]) func oneDiesInASearch(step: Int) throws {
        let cluster = try NodeCluster(Self.dhp.definition(), workers: 2)
        try cluster.run(toStep: step)
        try cluster.run(turns: Int.random(in: 0..<40))
        cluster.kill(0)
        try cluster.join()
        try expectGoodEnd(cluster, Self.dhp)
    }

    @Test(arguments: [1, 2, 4]) func theCoordinatorDiesInASearch(step: Int) throws {
        let cluster = try NodeCluster(Self.dhp.definition(), workers: 2)
        try cluster.run(toStep: step)
        try cluster.run(turns: Int.random(in: 0..<40))
        cluster.killCoordinator()
        try cluster.run(turns: 20)
        try cluster.launch(workersWanted: 2)
        try expectGoodEnd(cluster, Self.dhp)
        #expect(cluster.store.rewinds == 0)
    }

    /// Nobody is left: back to the checkpoint, which lies at a look; or to the seed.
    @Test(arguments: [dhp, methods[3]], [2, 3]) func allDie(method: Method, step: Int) throws {
        let cluster = try NodeCluster(method.definition(), workers: 2)
        try cluster.run(toStep: step)
        cluster.kill(0)
        cluster.kill(0)
        try cluster.run(turns: 5)
        try cluster.join()
        try cluster.join()
        try expectGoodEnd(cluster, method)
    }

    /// Past the budget at the first look, and out of steps: the plan is within the budget all the same.
    @Test(arguments: ["strength: 3\nsteps: 20", "strength: 0.0001\nsteps: 2"])
    func aMissedBudgetIsMetByMagnitudes(lines: String) throws {
        let shrink = """
            method: dhp
            embedding: 2
            check_every: 2
            tolerance: 0.001
            budget: {ratio: 0.5}
            """
        let definition = try TestDefinitions.make(shrink: "\(shrink)\n\(lines)")
        var notes: [String] = []
        var steps: [Int] = []
        let plan = try LocalSearch(definition, threads: 2).run(
            progress: { step, _, _ in steps.append(step) }, note: { notes.append($0) })
        #expect(plan.isReached && plan.step == 2 && steps == [1, 2])
        let ratio = Double(plan.pruned.flops.convLinear) / Double(plan.widened.flops.convLinear)
        // What the proximal steps have set to zero is all alike, and stays or goes together.
        #expect(ratio <= 0.5 && (ratio > 0.47 || lines.contains("strength: 3")), "\(ratio)")
        #expect(notes.count == 1 && notes[0].contains("magnitudes decide"), "\(notes)")
    }

    // MARK: Plans from files

    /// What one run decided, another starts from.
    @Test func aPlanIsReadBack() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("plan.json")
        let random = try Self.methods[3].definition()
        let plan = try #require(try PlanDecision.withoutSearch(random))
        try plan.json().write(to: URL(filePath: path))
        let given = Method(name: "plan", lines: "plan: \(path)", search: 0)
        let read = try #require(try PlanDecision.withoutSearch(given.definition()))
        #expect(read.vectors.map(\.kept) == plan.vectors.map(\.kept))
        #expect(read.pruned == plan.pruned && read.layers == plan.layers)
        // Workers have no such file.
        let cluster = try NodeCluster(given.definition(), workers: 2)
        try FileManager.default.removeItem(atPath: path)
        #expect(try cluster.finish() == .done)
        #expect(cluster.store.digests[4] == (try Self.expected["random"]?.get().digest))
    }

    @Test(arguments: [
        ("network: resnet32\nvectors: [{name: conv1, channels: 4}]", "it is for resnet32"),
        ("network: resnet20\nvectors: [{name: conv1, channels: 400}]", "400 channels of conv1"),
        ("network: resnet20\nvectors: [{name: conv1, channels: 4}]", "what layer1.0.conv1 keeps"),
        ("network: resnet20\nvectors: [{name: conv7, channels: 4}]", "no latent vector \"conv7\""),
        (
            "network: resnet20\nvectors: [{name: conv1, channels: 4}, {name: conv1, channels: 4}]",
            "conv1 is there twice"
        ),
        ("network: resnet20", "vectors: expected a list"),
        ("hello", "no plan"),
    ])
    func aPlanThatDoesNotFitIsOneLine(text: String, problem: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path("plan.yaml")
        try Data(text.utf8).write(to: URL(filePath: path))
        let definition = try Method(name: "plan", lines: "plan: \(path)", search: 0).definition()
        let error = #expect(throws: (any Error).self) { try PlanDecision.withoutSearch(definition) }
        let line = "\(try #require(error))"
        #expect(line.contains(problem) && line.hasPrefix(path) && !line.contains("\n"), "\(line)")
    }
}
