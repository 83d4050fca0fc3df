import ClusterCore
import Foundation
import Hypernet
import ModelZoo
import NeuralNet
import TensorCore
import TestSupport
import Testing

@testable import Training

/// Every network goes through the method: search, prune, converge, with the same bits on one replica and on
/// two, and a pruned network computes what the whole one does whose pruned channels are silent.
@Suite(.timeLimit(.minutes(20))) struct ZooTests {
    /// One of each kind; with ESPALIER_ALL_NETWORKS set, all of them.
    private static let names =
        ProcessInfo.processInfo.environment["ESPALIER_ALL_NETWORKS"] == nil
        ? [
            "resnet20", "resnet50-cifar", "mobilenetv1", "mobilenetv2", "mobilenetv3-small", "mnasnet",
            "efficientnet-b0", "regnetx-200mf", "regnety-200mf", "densenet40", "densenet100-bc", "vgg11",
        ] : ModelZoo.names

    /// Narrow, on images of 32×32, to be quick.
    private static func definition(_ name: String, groups: GroupPruning) throws -> RunDefinition {
        var definition = try TestDefinitions.make(
            name, searchSteps: 3, batch: 8, shard: 4, trainCount: 24, "optimizer:\n  learning_rate: 0.01")
        func network(_ width: Double, form: Bool) throws -> Graph {
            try ModelZoo.network(
                named: name, input: 32, classes: 10, width: width, forHypernetwork: form, groupPruning: groups
            )
        }
        definition.baseline = try network(0.0625, form: false)
        definition.widened = try network(0.125, form: true).keepingLastStatistics
        return definition
    }

    @Test(arguments: names) func everyNetwork(name: String) throws {
        try searchPruneAndConverge(name, .whole)
    }

    @Test(arguments: names.filter { $0.hasPrefix("regnet") }) func groupsThatNarrow(name: String) throws {
        try searchPruneAndConverge(name, .narrow)
    }

    /// Two workers of a cluster, at full width.
    @Test(arguments: ["mobilenetv3-small", "regnety-200mf", "densenet40"]) func cluster(name: String) throws {
        let definition = try TestDefinitions.make(
            name, batch: 8, shard: 4, trainCount: 24,
            shrink: "width: 1\nembedding: 2\nsteps: 3\nbudget: {ratio: 0.5}")
        let alone = [try TestDefinitions.replica(definition, threads: 2)]
        for step in 0..<definition.schedule.totalSteps {
            if step == definition.searchSteps {
                try alone[0].reshape(try #require(try LocalSearch.decide(alone[0]).plan))
            }
            try Self.step(alone)
        }
        let cluster = try NodeCluster(definition, workers: 2)
        #expect(try cluster.finish() == .done)
        #expect(cluster.store.digests[6] == alone[0].digest())
    }

    private func searchPruneAndConverge(_ name: String, _ groups: GroupPruning) throws {
        let definition = try Self.definition(name, groups: groups)
        let alone = [try TestDefinitions.replica(definition, threads: 2)]
        let workers = [try TestDefinitions.replica(definition), try TestDefinitions.replica(definition)]
        for _ in 0..<definition.searchSteps {
            for replicas in [alone, workers] { try Self.step(replicas) }
            #expect(Set((alone + workers).map { $0.digest() }).count == 1)
        }
        let vectors = alone[0].latentVectors
        let plan = try Plan(
            shrinking: alone[0].model.graph, baseline: definition.baseline, latents: vectors.map(\.values),
            gradients: vectors.map(\.gradients), settings: ShrinkSettings(budget: .ratio(0.5), rho: 0.1))
        #expect(plan.isReached)
        try expectSameLogits(alone[0], plan)
        for replica in alone + workers { try replica.reshape(plan) }
        while alone[0].step < definition.schedule.totalSteps {
            for replicas in [alone, workers] { try Self.step(replicas) }
            #expect(Set((alone + workers).map { $0.digest() }).count == 1)
        }
        #expect(alone[0].step == 6)
    }

    /// A step of several replicas that share its shards.
    private static func step(_ replicas: [Replica]) throws {
        let shards = Array(0..<replicas[0].definition.shardsPerStep)
        var overflows: [Overflow] = []
        repeat {
            var found: [Overflow] = []
            for (index, replica) in replicas.enumerated() {
                found += try replica.compute(
                    shards: shards.filter { $0 % replicas.count == index }, overflows: overflows)
            }
            overflows = Overflow.merged(found)
        } while !overflows.isEmpty
        var sums = [Int32](repeating: 0, count: replicas[0].reduction.count)
        for replica in replicas {
            let part = replica.vector
            for index in sums.indices { sums[index] &+= part[index] }
        }
        for replica in replicas {
            let metrics = sums.withUnsafeBufferPointer { replica.apply($0) }
            #expect(metrics.lossSum.isFinite)
        }
    }

    private func expectSameLogits(_ replica: Replica, _ plan: Plan) throws {
        let graph = replica.model.graph
        let surgery = try Surgery(graph: graph, plan: plan)
        let weights = Array(UnsafeBufferPointer(start: replica.model.weights(), count: surgery.before.count))
        var pruned = [Float](repeating: .nan, count: surgery.after.count)
        surgery.prune(weights: weights, into: &pruned)
        let actual = try logits(surgery.pruned, pruned, replica)
        let scale = actual.map(\.magnitude).max() ?? 0
        // Of logits that differ little two may round to the same number.
        #expect(2 * Set(actual).count > actual.count, "\(actual)")
        for silence in Silence.allCases {
            var silenced = weights
            silence.apply(to: &silenced, graph, plan)
            let expected = try logits(graph, silenced, replica)
            let error = zip(actual, expected).map { ($0 - $1).magnitude }.max() ?? 0
            #expect(error <= 1e-4 * scale, "\(silence)")
        }
    }

    private func logits(_ graph: Graph, _ weights: [Float], _ replica: Replica) throws -> [Float] {
        let executor = try Executor(graph: graph, shard: 4, slice: 2, pool: replica.pool, training: false)
        executor.setWeights(weights)
        return try executor.logits(replica.definition.testShard(0), training: false)
    }
}

extension Graph {
    /// With running statistics that are the last step's, as if training had gone on until they were right.
    fileprivate var keepingLastStatistics: Graph {
        var result = Graph(
            name: name, channels: inputShape.channels, height: inputShape.height, width: inputShape.width)
        for node in nodes.dropFirst() {
            var operation = node.operation
            if case .batchNorm(let norm) = operation {
                operation = .batchNorm(BatchNorm(epsilon: norm.epsilon, momentum: 1))
            }
            result.add(node.name, operation, inputs: node.inputs, module: node.module)
        }
        return result
    }
}
