import Foundation
import TensorCore
import TestSupport
import Testing

@testable import NeuralNet

/// Features within a network that are to become a teacher's, in the executor.
struct FeatureLossTests {
    /// A network with adapters on some of its nodes.
    struct Case: CustomTestStringConvertible, Sendable {
        let graph: Graph
        let nodes: [Int]

        init(_ plain: Graph, _ nodes: [Int]) {
            self.nodes = nodes
            graph = plain.withAdapters(nodes.enumerated().map { ($1, 3 + 2 * $0) })
        }

        var testDescription: String { "\(graph.name), adapters on \(nodes)" }
    }

    /// On what the classifier reads, and on every other node within, among them norms that are then not
    /// fused.
    static let cases: [Case] = [TestNetworks.residual, TestNetworks.blocks, TestNetworks.activations].flatMap
    {
        [Case($0, [$0.classifiedFeatures ?? 1]), Case($0, Array(1..<$0.nodes.count - 1))]
    }
    static let loss = TrainingLoss(distillation: .features(weight: 2.5))

    @Test(arguments: cases, ProgramOptions.tested)
    func trainsAsTheReference(_ item: Case, _ options: ProgramOptions) throws {
        let graph = item.graph
        let executor = try executor(graph, threads: 2, options: options)
        let state = testState(graph)
        executor.setWeights(state)
        let (shards, features) = lesson(graph)
        let (sums, exponents) = try executor.sums(
            of: shards, teachers: [[0], [0]], features: features)
        let reference = ReferenceNetwork(graph)
        var expected = [Double](repeating: 0, count: executor.layout.metricsOffset)
        var loss = 0.0
        for (shard, features) in zip(shards, features) {
            let targets = zip(graph.openEnds, features.map { $0.map(Double.init) })
            let pass = reference.train(
                state: state.map(Double.init), images: shard.images, labels: shard.labels, globalBatch: 8,
                features: .init(Dictionary(uniqueKeysWithValues: targets), weight: 2.5))
            loss += pass.lossSum
            for (place, value) in pass.gradients.enumerated() { expected[place] += value }
        }
        let parameters = reference.layout.tensors.filter { $0.offset < reference.layout.parameterCount }
        let largest = parameters.flatMap { expected[$0.range] }.map(\.magnitude).max() ?? 0
        for (index, tensor) in parameters.enumerated() {
            let scale = max(expected[tensor.range].map(\.magnitude).max() ?? 0, largest / 100)
            let inverse = Double(exponents.inverseScale(of: index))
            let error = tensor.range.map { (Double(sums[$0]) * inverse - expected[$0]).magnitude }.max() ?? 0
            #expect(error <= ExecutorTests.tolerance * scale, "\(tensor.name): \(error / scale)")
        }
        let metrics = sums.withUnsafeBufferPointer { StepMetrics(reduced: $0, layout: executor.layout) }
        #expect((metrics.lossSum - loss).magnitude <= 1e-4 * loss)
    }

    @Test(arguments: cases)
    func sameBitsOnAnyNumberOfThreads(_ item: Case) throws {
        let (shards, features) = lesson(item.graph)
        let all = try [1, 2, 3].map { threads in
            let executor = try executor(item.graph, threads: threads)
            executor.setWeights(testState(item.graph))
            return try executor.sums(of: shards, teachers: [[0], [0]], features: features).sums
        }
        #expect(all.allSatisfy { $0 == all[0] })
    }

    /// Adapters, their gradients and what they add to the network's come to about the same.
    @Test(.enabled(if: Engine.supports(.bf16)), arguments: cases)
    func halfPrecisionIsNear(_ item: Case) throws {
        let (graph, layout) = (item.graph, ParameterLayout(item.graph))
        let (shards, features) = lesson(graph)
        let found = try [ElementType.fp32, .bf16].map { precision in
            let executor = try executor(graph, threads: 2, precision: precision)
            executor.setWeights(testState(graph))
            let (sums, exponents) = try executor.sums(
                of: shards, teachers: [[0], [0]], features: features)
            return layout.tensors.enumerated().flatMap { index, tensor in
                tensor.range.map { Double(sums[$0]) * Double(exponents.inverseScale(of: index)) }
            }
        }
        func product(_ range: Range<Int>, _ first: Int, _ second: Int) -> Double {
            zip(found[first][range], found[second][range]).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let adapters = layout.tensors.filter { $0.name.hasPrefix("adapter.") }.map(\.range)
        for range in [0..<layout.parameterCount] + adapters {
            let norms = product(range, 0, 0) * product(range, 1, 1)
            #expect(product(range, 0, 1) > 0.99 * norms.squareRoot())
        }
    }

    /// A teacher hands out what the reference has at its nodes, fused or not.
    @Test(arguments: cases)
    func writtenFeaturesAreTheReferences(_ item: Case) throws {
        let graph = item.graph
        let executor = try Executor(
            graph: graph, shard: 4, slice: 2, pool: ComputePool(threads: 2), features: item.nodes,
            training: false)
        let state = testState(graph)
        executor.setWeights(state)
        let shard = TestShard(graph, count: 4, seed: 1)
        let counts = item.nodes.map { 4 * graph.shapes[$0].count }
        let buffers = counts.map { UnsafeMutablePointer<Float>.allocate(capacity: $0) }
        defer { for buffer in buffers { buffer.deallocate() } }
        var logits = [Float](repeating: 0, count: 4 * graph.outputCount)
        try executor.writeLogits(of: shard, into: &logits, features: buffers)
        let pass = ReferenceNetwork(graph).forward(
            state: state.map(Double.init), images: shard.images, labels: shard.labels, training: false)
        for (node, (buffer, count)) in zip(item.nodes, zip(buffers, counts)) {
            let expected = pass.values[node]
            let scale = expected.map(\.magnitude).max() ?? 0
            let error = (0..<count).map { (Double(buffer[$0]) - expected[$0]).magnitude }.max() ?? 0
            #expect(expected.count == count && error <= ExecutorTests.tolerance * scale)
        }
    }

    /// Adapters change nothing but what they are for.
    @Test func adaptersLieBesideTheNetwork() throws {
        let graph = TestNetworks.residual
        let adapted = graph.withAdapters([(try #require(graph.classifiedFeatures), 7)])
        #expect(adapted.openEnds == [graph.nodes.count - 1] && adapted.nodes.last == graph.nodes.last)
        #expect(adapted.shapes[graph.nodes.count - 1].channels == 7)
        let (layout, plain) = (ParameterLayout(adapted), ParameterLayout(graph))
        #expect(layout["adapter.0.weight"]?.shape.first == 7)
        #expect(layout.tensors.map(\.name).filter { $0 != "adapter.0.weight" } == plain.tensors.map(\.name))
        #expect(graph.withAdapters([]) == graph)
    }

    private func executor(
        _ graph: Graph, threads: Int, precision: ElementType = .fp32,
        options: ProgramOptions = ProgramOptions()
    ) throws -> Executor {
        try Executor(
            graph: graph, shard: 4, slice: 2, pool: ComputePool(threads: threads), precision: precision,
            loss: Self.loss, features: graph.openEnds, options: options)
    }

    /// Shards, and for each the features that are wanted.
    private func lesson(_ graph: Graph) -> (shards: [TestShard], features: [[[Float]]]) {
        let shards = [TestShard(graph, count: 4, seed: 3), TestShard(graph, count: 4, seed: 4)]
        let features = shards.indices.map { shard in
            graph.openEnds.map { node in
                (0..<4 * graph.shapes[node].count).map { Float(sin(Double(7 * $0 + 31 * shard + node)) * 2) }
            }
        }
        return (shards, features)
    }
}
