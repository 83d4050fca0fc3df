import NeuralNet
import TensorCore
import TestSupport
import Testing

/// The executor in bf16, on machines that have it.
@Suite(.enabled(if: Engine.supports(.bf16)))
struct HalfPrecisionTests {
    /// Against the slow fp64 reference on fp32 weights: the gradient of all parameters and those of each
    /// tensor that matters point the same way, statistics agree to 2 % of the tensor's largest, the loss to
    /// 0.3 %. (bf16 holds 8 bits; a ReLU whose input is about zero may go the other way.)
    @Test(arguments: TestNetworks.all)
    func trainsLikeTheReference(_ graph: Graph) throws {
        let state = testState(graph)
        let shards = [TestShard(graph, count: 8, seed: 3), TestShard(graph, count: 8, seed: 4)]
        let found = try Self.train(graph, state, shards, .bf16)
        let reference = ReferenceNetwork(graph)
        let parameters = reference.layout.parameterCount
        var expected = [Double](repeating: 0, count: found.values.count)
        var loss = 0.0
        for shard in shards {
            let pass = reference.train(
                state: state.map(Double.init), images: shard.images, labels: shard.labels, globalBatch: 16)
            loss += pass.lossSum
            for (place, value) in pass.gradients.enumerated() {
                expected[place] += place < parameters ? value : value / 2
            }
        }
        #expect((found.loss - loss).magnitude <= 3e-3 * loss)
        #expect(Self.cosine(found.values[..<parameters], expected[..<parameters]) > 0.995)
        let largest = Self.largest(expected[..<parameters])
        for tensor in reference.layout.tensors {
            let (values, wanted) = (found.values[tensor.range], expected[tensor.range])
            if tensor.offset >= parameters {
                let error = Self.largest(zip(values, wanted).map { $0 - $1 }[...])
                #expect(error <= 0.02 * Self.largest(wanted), "\(tensor.name)")
            } else if Self.largest(wanted) > largest / 100 {
                // Roundings add up with depth.
                let least = reference.layout.tensors.count > 50 ? 0.96 : 0.99
                #expect(Self.cosine(values, wanted) > least, "\(tensor.name)")
            }
        }
    }

    /// As in fp32, whatever the threads.
    @Test(arguments: TestNetworks.all)
    func sameBitsOnAnyNumberOfThreads(_ graph: Graph) throws {
        let state = testState(graph)
        let shards = [TestShard(graph, count: 8, seed: 1), TestShard(graph, count: 8, seed: 2)]
        let all = try [1, 2, 3, 5].map { threads in
            let executor = try Executor(
                graph: graph, shard: 8, slice: 2, pool: ComputePool(threads: threads), precision: .bf16)
            executor.setWeights(state)
            return try executor.sums(of: shards, gradientBits: 24).sums
        }
        #expect(all.allSatisfy { $0 == all[0] })
        #expect(all[0].contains { $0 != 0 })
    }

    /// The gradient is that of fp32, but for rounding.
    @Test func gradientsPointWhereThoseOfSinglePrecisionPoint() throws {
        let graph = TestNetworks.residual
        let state = testState(graph)
        let shards = (1...4).map { TestShard(graph, count: 8, seed: $0) }
        let single = try Self.train(graph, state, shards, .fp32).values
        let half = try Self.train(graph, state, shards, .bf16).values
        let parameters = ParameterLayout(graph).parameterCount
        #expect(Self.cosine(half[..<parameters], single[..<parameters]) > 0.99)
        #expect(half != single)
    }

    /// An executor for evaluation alone says the same as one for training; short shards count their images.
    @Test(arguments: TestNetworks.all)
    func evaluates(_ graph: Graph) throws {
        let state = testState(graph)
        let shard = TestShard(graph, count: 5, seed: 21)
        let results = try [true, false].map { training in
            let executor = try Executor(
                graph: graph, shard: 8, slice: 2, pool: ComputePool(threads: 3), precision: .bf16,
                training: training)
            executor.setWeights(state)
            return try executor.evaluate(shard)
        }
        let expected = ReferenceNetwork(graph).forward(
            state: state.map(Double.init), images: shard.images, labels: shard.labels, training: false)
        #expect(results[0] == results[1])
        #expect(results[0].images == 5)
        #expect((results[0].lossSum - expected.lossSum).magnitude <= 1e-2 * expected.lossSum)
    }

    @Test func activationsTakeHalfTheMemory() throws {
        let pool = ComputePool(threads: 1)
        func bytes(_ precision: ElementType) throws -> Int {
            var graph = Graph(name: "large", channels: 16, height: 32, width: 32)
            var node = 0
            for layer in 0..<4 {
                node = graph.convolve("\(layer)", node, Convolution(outChannels: 16, kernel: 3))
            }
            graph.classify(node, classes: 4)
            return try Executor(graph: graph, shard: 8, slice: 2, pool: pool, precision: precision).byteCount
        }
        #expect(try Double(bytes(.bf16)) < 0.6 * Double(bytes(.fp32)))
    }

    private static func train(
        _ graph: Graph, _ state: [Float], _ shards: [TestShard], _ precision: ElementType
    ) throws -> (values: [Double], loss: Double) {
        let executor = try Executor(
            graph: graph, shard: shards[0].count, slice: 2, pool: ComputePool(threads: 2),
            precision: precision)
        executor.setWeights(state)
        let (sums, exponents) = try executor.sums(of: shards)
        var values = [Double](repeating: 0, count: executor.layout.metricsOffset)
        for (index, tensor) in ParameterLayout(graph).tensors.enumerated() {
            let inverse = Double(exponents.inverseScale(of: index))
            for place in tensor.range { values[place] = Double(sums[place]) * inverse }
        }
        let metrics = sums.withUnsafeBufferPointer { StepMetrics(reduced: $0, layout: executor.layout) }
        return (values, metrics.lossSum)
    }

    private static func largest(_ values: ArraySlice<Double>) -> Double {
        values.map(\.magnitude).max() ?? 0
    }

    private static func cosine(_ a: ArraySlice<Double>, _ b: ArraySlice<Double>) -> Double {
        let product = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
        let squares = a.reduce(0) { $0 + $1 * $1 } * b.reduce(0) { $0 + $1 * $1 }
        return squares > 0 ? product / squares.squareRoot() : 1
    }
}
