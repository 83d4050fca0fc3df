import NeuralNet
import TensorCore
import TestSupport
import Testing

/// The executor computes what the slow fp64 reference computes.
///
/// Tolerance: 2e-5 of the tensor's largest magnitude (of 1 % of the network's largest, for gradients that
/// vanish).
struct ExecutorTests {
    static let tolerance = 2e-5

    @Test(arguments: TestNetworks.all, ProgramOptions.tested)
    func trainsAsTheReference(_ graph: Graph, _ options: ProgramOptions) throws {
        let executor = try Executor(
            graph: graph, shard: 4, slice: 2, pool: ComputePool(threads: 2), options: options)
        try expectReference(executor)
    }

    /// In slices of other sizes.
    @Test(arguments: TestNetworks.byChannels, [1, 3])
    func trainsInSlices(_ graph: Graph, _ slice: Int) throws {
        for options in ProgramOptions.tested {
            try expectReference(
                Executor(
                    graph: graph, shard: 3, slice: slice, pool: ComputePool(threads: 2), options: options))
        }
    }

    func expectReference(_ executor: Executor) throws {
        let (graph, shard) = (executor.graph, executor.shard)
        let state = testState(graph)
        executor.setWeights(state)
        let shards = [TestShard(graph, count: shard, seed: 3), TestShard(graph, count: shard, seed: 4)]
        let (sums, exponents) = try executor.sums(of: shards)

        let reference = ReferenceNetwork(graph)
        var expected = [Double](repeating: 0, count: executor.layout.metricsOffset)
        var loss = 0.0
        for shard in shards {
            let pass = reference.train(
                state: state.map(Double.init), images: shard.images, labels: shard.labels,
                globalBatch: 2 * executor.shard)
            loss += pass.lossSum
            for (place, value) in pass.gradients.enumerated() {
                expected[place] += place < reference.layout.parameterCount ? value : value / 2
            }
        }
        let largest = expected[0..<reference.layout.parameterCount].map(\.magnitude).max() ?? 0
        for (index, tensor) in reference.layout.tensors.enumerated() {
            let floor = tensor.offset < reference.layout.parameterCount ? largest / 100 : 0
            let scale = max(expected[tensor.range].map(\.magnitude).max() ?? 0, floor)
            let inverse = Double(exponents.inverseScale(of: index))
            let error = tensor.range.map { (Double(sums[$0]) * inverse - expected[$0]).magnitude }.max() ?? 0
            #expect(error <= Self.tolerance * scale, "\(tensor.name): \(error / scale)")
        }
        let metrics = sums.withUnsafeBufferPointer { StepMetrics(reduced: $0, layout: executor.layout) }
        #expect(metrics.images == 2 * shard)
        #expect((metrics.lossSum - loss).magnitude <= 1e-4 * loss)
    }

    @Test(arguments: TestNetworks.all, [true, false])
    func logitsAreTheReferences(_ graph: Graph, _ training: Bool) throws {
        let executor = try Executor(graph: graph, shard: 4, slice: 1, pool: ComputePool(threads: 2))
        let state = testState(graph)
        executor.setWeights(state)
        let shard = TestShard(graph, count: 4, seed: 9)
        let logits = try executor.logits(shard, training: training)
        let expected = ReferenceNetwork(graph).forward(
            state: state.map(Double.init), images: shard.images, labels: shard.labels, training: training
        ).logits
        let scale = expected.map(\.magnitude).max() ?? 0
        #expect(logits.count == expected.count)
        for (value, wanted) in zip(logits, expected) {
            #expect((Double(value) - wanted).magnitude <= Self.tolerance * scale)
        }
    }

    /// A short last shard counts its own images only; an executor for evaluation alone says the same, bit for
    /// bit.
    @Test(arguments: TestNetworks.all)
    func evaluatesShortShards(_ graph: Graph) throws {
        let state = testState(graph)
        let shard = TestShard(graph, count: 5, seed: 21)
        var results: [EvaluationCounts] = []
        for training in [true, false] {
            let executor = try Executor(
                graph: graph, shard: 8, slice: 2, pool: ComputePool(threads: 3), training: training)
            executor.setWeights(state)
            results.append(try executor.evaluate(shard))
        }
        let expected = ReferenceNetwork(graph).forward(
            state: state.map(Double.init), images: shard.images, labels: shard.labels, training: false)
        #expect(results[0] == results[1])
        #expect(results[0].images == 5)
        #expect((results[0].lossSum - expected.lossSum).magnitude <= 1e-4 * expected.lossSum)
    }

    /// The same bits whatever the threads, more of them than slices included.
    @Test(
        arguments: [TestNetworks.residual, TestNetworks.pools, TestNetworks.readers] + TestNetworks.byChannels
    )
    func sameBitsOnAnyNumberOfThreads(_ graph: Graph) throws {
        let state = testState(graph)
        let shards = [TestShard(graph, count: 8, seed: 1), TestShard(graph, count: 8, seed: 2)]
        var all: [[Int32]] = []
        for threads in [1, 2, 3, 5] {
            let executor = try Executor(graph: graph, shard: 8, slice: 2, pool: ComputePool(threads: threads))
            executor.setWeights(state)
            all.append(try executor.sums(of: shards, gradientBits: 24).sums)
        }
        #expect(all.allSatisfy { $0 == all[0] })
        #expect(all[0].contains { $0 != 0 })
    }

    /// Shards may be split between machines: the sums of the parts add up to the sums of the whole.
    @Test func shardsAddUpAcrossExecutors() throws {
        let graph = TestNetworks.residual
        let state = testState(graph)
        let shards = (1...3).map { TestShard(graph, count: 4, seed: UInt64($0)) }
        let pool = ComputePool(threads: 2)
        let one = try Executor(graph: graph, shard: 4, slice: 1, pool: pool)
        let two = try Executor(graph: graph, shard: 4, slice: 1, pool: pool)
        for executor in [one, two] {
            executor.setWeights(state)
        }
        let (whole, exponents) = try one.sums(of: shards)
        var parts = [Int32](repeating: 0, count: whole.count)
        let shares: [(Executor, [TestShard])] = [(one, [shards[1]]), (two, [shards[2], shards[0]])]
        for (executor, share) in shares {
            var sums = parts
            let overflows = try executor.step(exponents, globalBatch: 12, &sums) {
                for shard in share { try executor.train(shard) }
            }
            #expect(overflows.isEmpty)
            for place in parts.indices { parts[place] += sums[place] }
        }
        #expect(parts == whole)
    }
}
