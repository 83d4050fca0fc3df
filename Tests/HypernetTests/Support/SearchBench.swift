import Hypernet
import NeuralNet
import TensorCore

/// The search phase on one machine, for tests: executor, fixed point, hypernetwork.
final class SearchBench {
    let network: HyperNetwork
    let executor: Executor
    var state: [Float]
    var momenta: [Float]
    private let pool = ComputePool(threads: 2)
    private let graph: Graph
    private var exponents: FixedPointState

    /// Two images a slice, so that sums of slices are part of what is tested.
    private static let slice = 2
    /// The finest code: golden values are to be met, not traffic saved.
    private static let gradientBits = 30

    init(_ graph: Graph, embedding: Int, batch: Int) throws {
        self.graph = graph
        network = HyperNetwork(graph: graph, embedding: embedding)
        executor = try Executor(graph: graph, shard: batch, slice: Self.slice, pool: pool)
        exponents = FixedPointState(
            uncalibrated: executor.layout, gradientBits: Self.gradientBits, slices: batch / Self.slice,
            shards: 1)
        state = [Float](repeating: 0, count: network.layout.count)
        momenta = [Float](repeating: 0, count: network.layout.parameterCount)
    }

    struct Step {
        let logits: [Float]
        let loss: Double
        /// Whole tensors, in the order of ``HyperLayout``.
        let gradients: [Float]
        /// What the update itself returned.
        let latentGradients: [[Float]]
    }

    func step(_ batch: GoldenBatch, optimizer: Optimizer, rate: Float) throws -> Step {
        let weights = AlignedBuffer<Float>(count: network.parameters.count)
        defer { withExtendedLifetime(weights) {} }
        network.generate(from: state, into: weights.pointer, pool: pool)
        executor.setWeights(weights.pointer)
        let logits = try executor.logits(batch, training: true)
        let sums = try reduce(batch)
        let gradients = network.gradients(state: state, sums: sums, exponents: exponents, pool: pool)
        network.step(
            state: &state, moments: &momenta, reduced: sums, exponents: exponents, optimizer: optimizer,
            step: OptimizerStep(rate: rate, number: 1), pool: pool)
        state.withUnsafeMutableBufferPointer { state in
            guard let base = state.baseAddress else { return }
            RunningStatistics.update(
                base + network.layout.runningStatistics.state, reduced: sums, exponents: exponents,
                layout: network.parameters, graph: graph)
        }
        let metrics = sums.withUnsafeBufferPointer { StepMetrics(reduced: $0, layout: executor.layout) }
        return Step(
            logits: logits, loss: metrics.lossSum / Double(metrics.images), gradients: gradients,
            latentGradients: network.latentGradients)
    }

    /// The batch's sums; coded again until everything fits.
    private func reduce(_ batch: GoldenBatch) throws -> [Int32] {
        var sums = [Int32](repeating: 0, count: executor.layout.count)
        while true {
            let overflows = try sums.withUnsafeMutableBufferPointer { vector in
                executor.beginStep(exponents, globalBatch: batch.count, sums: vector.baseAddress!)
                try executor.train(batch)
                return executor.finishStep()
            }
            if overflows.isEmpty { return sums }
            try exponents.raise(for: overflows, layout: executor.layout)
        }
    }
}
