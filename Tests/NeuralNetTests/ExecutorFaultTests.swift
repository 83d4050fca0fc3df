import NeuralNet
import TensorCore
import TestSupport
import Testing

/// What happens when images cannot be read, labels are wrong, or gradients do not fit their code.
struct ExecutorFaultTests {
    static func executor(threads: Int = 2) throws -> Executor {
        let executor = try Executor(
            graph: TestNetworks.residual, shard: 4, slice: 1, pool: ComputePool(threads: threads))
        executor.setWeights(testState(TestNetworks.residual))
        return executor
    }

    @Test(arguments: [1, 2, 5])
    func throwsTheFirstErrorInSliceOrder(threads: Int) throws {
        let executor = try Self.executor(threads: threads)
        let good = TestShard(executor.graph, count: 4, seed: 1)
        let (whole, exponents) = try executor.sums(of: [good])
        var bad = good
        bad.failing = [3, 1]
        var sums = whole
        #expect(throws: TestShard.Failure(image: 1)) {
            _ = try executor.step(exponents, globalBatch: 4, &sums) { try executor.train(bad) }
        }
        #expect(throws: TestShard.Failure(image: 1)) { try executor.evaluate(bad) }
        bad.badLabel = 0
        #expect(throws: ShardError.label(6, image: 0, classes: 6)) { try executor.evaluate(bad) }
        let short = TestShard(executor.graph, count: 3, seed: 1)
        #expect(throws: ShardError.imageCount(3, shard: 4)) {
            _ = try executor.step(exponents, globalBatch: 4, &sums) { try executor.train(short) }
        }
        // And the step can be done again.
        #expect(try executor.sums(of: [good]).sums == whole)
    }

    /// A worker reports a segment's largest magnitude; with exponents raised for it, the same step fits.
    @Test func overflowsAreReportedAndRedone() throws {
        let executor = try Self.executor()
        let shard = TestShard(executor.graph, count: 4, seed: 1)
        var (_, exponents) = try executor.sums(of: [shard], gradientBits: 24)
        var state = testState(executor.graph)
        let classifier = try #require(ParameterLayout(executor.graph)["classifier.weight"])
        for place in classifier.range { state[place] *= 4096 }
        executor.setWeights(state)

        var sums = [Int32](repeating: 0, count: executor.layout.count)
        let reports = try executor.step(exponents, globalBatch: 4, &sums) { try executor.train(shard) }
        #expect(!reports.isEmpty && reports.allSatisfy { $0.magnitude.isFinite && $0.magnitude > 0 })
        try exponents.raise(for: reports, layout: executor.layout)
        let again = try executor.step(exponents, globalBatch: 4, &sums) { try executor.train(shard) }
        #expect(again.isEmpty)
        #expect(sums.contains { $0 != 0 })
    }

    @Test func notANumberIsReportedAsInfinity() throws {
        let executor = try Self.executor()
        let shard = TestShard(executor.graph, count: 4, seed: 1)
        var (sums, exponents) = try executor.sums(of: [shard])
        var state = testState(executor.graph)
        let classifier = try #require(ParameterLayout(executor.graph)["classifier.bias"])
        state[classifier.offset] = .nan
        executor.setWeights(state)
        let reports = try executor.step(exponents, globalBatch: 4, &sums) { try executor.train(shard) }
        #expect(reports.contains { $0.magnitude == .infinity })
        #expect(throws: FixedPointError.self) { try exponents.raise(for: reports, layout: executor.layout) }
        // A loss that is not a number counts as the most that a slice may.
        let metrics = sums.withUnsafeBufferPointer { StepMetrics(reduced: $0, layout: executor.layout) }
        #expect(metrics.images == 4 && metrics.top1 == 0 && metrics.lossSum > 1000)
    }
}
