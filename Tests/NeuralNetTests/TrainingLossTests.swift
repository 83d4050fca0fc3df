import Foundation
import TensorCore
import TestSupport
import Testing

@testable import NeuralNet

/// Smoothed labels, and what a teacher adds, in the executor.
struct TrainingLossTests {
    static let graph = TestNetworks.residual
    static let losses = [
        TrainingLoss(), TrainingLoss(labelSmoothing: 0.1),
        TrainingLoss(distillation: .logits(temperature: 4, weight: 0.4)),
        TrainingLoss(labelSmoothing: 0.2, distillation: .logits(temperature: 2, weight: 1)),
        TrainingLoss(distillation: .similarity(weight: 30)),
        TrainingLoss(labelSmoothing: 0.1, distillation: .similarity(weight: 3000)),
    ]

    /// The gradient of the classifier's bias is the sum of the logits' gradients, which are known from the
    /// loss's differences in fp64.
    @Test(arguments: losses)
    func biasGradientIsTheLosss(_ loss: TrainingLoss) throws {
        let graph = Self.graph
        let executor = try Executor(
            graph: graph, shard: 8, slice: 2, pool: ComputePool(threads: 2), loss: loss)
        executor.setWeights(testState(graph))
        let shards = [TestShard(graph, count: 8, seed: 3), TestShard(graph, count: 8, seed: 4)]
        let teachers = [0, 1].map { teacher($0, images: 8, classes: graph.outputCount) }
        let (sums, exponents) = try executor.sums(
            of: shards, teachers: loss.distillation.map { _ in teachers })
        var expected = [Double](repeating: 0, count: graph.outputCount)
        var total = 0.0
        for (shard, teacher) in zip(shards, teachers) {
            let logits = try executor.logits(shard, training: true).map(Double.init)
            let slow = SlowLoss(loss, labels: shard.labels, teacher: teacher.map(Double.init))
            total += slow.value(logits)
            for (place, slope) in slow.slopes(logits).enumerated() {
                expected[place % expected.count] += slope / 16
            }
        }
        let tensor = try #require(ParameterLayout(graph)["classifier.bias"])
        let index = try #require(
            ParameterLayout(graph).tensors.firstIndex { $0.name == tensor.name })
        let inverse = Double(exponents.inverseScale(of: index))
        let scale = expected.map(\.magnitude).max() ?? 0
        for (place, wanted) in zip(tensor.range, expected) {
            #expect((Double(sums[place]) * inverse - wanted).magnitude <= 2e-5 * scale)
        }
        let metrics = sums.withUnsafeBufferPointer { StepMetrics(reduced: $0, layout: executor.layout) }
        #expect((metrics.lossSum - total).magnitude <= 1e-4 * total)
    }

    @Test(arguments: losses)
    func sameBitsOnAnyNumberOfThreads(_ loss: TrainingLoss) throws {
        let shards = [TestShard(Self.graph, count: 8, seed: 1), TestShard(Self.graph, count: 8, seed: 2)]
        let teachers = [0, 1].map { teacher($0, images: 8, classes: Self.graph.outputCount) }
        var all: [[Int32]] = []
        for threads in [1, 2, 3, 5] {
            let executor = try Executor(
                graph: Self.graph, shard: 8, slice: 2, pool: ComputePool(threads: threads), loss: loss)
            executor.setWeights(testState(Self.graph))
            all.append(
                try executor.sums(
                    of: shards, gradientBits: 24, teachers: loss.distillation.map { _ in teachers }
                ).sums)
        }
        #expect(all.allSatisfy { $0 == all[0] })
    }

    @Test(arguments: losses)
    func evaluationIsPlain(_ loss: TrainingLoss) throws {
        let shard = TestShard(Self.graph, count: 5, seed: 1)
        let counts = try [loss, TrainingLoss()].map {
            let executor = try Executor(
                graph: Self.graph, shard: 8, slice: 2, pool: ComputePool(threads: 2), loss: $0)
            executor.setWeights(testState(Self.graph))
            return try executor.evaluate(shard)
        }
        #expect(counts[0] == counts[1])
    }

    @Test func writtenLogitsAreTheEvaluations() throws {
        let executor = try Executor(
            graph: Self.graph, shard: 8, slice: 2, pool: ComputePool(threads: 3), training: false)
        executor.setWeights(testState(Self.graph))
        let shard = TestShard(Self.graph, count: 8, seed: 1)
        var logits = [Float](repeating: 0, count: 8 * Self.graph.outputCount)
        try executor.writeLogits(of: shard, into: &logits)
        #expect(try executor.logits(shard, training: false) == logits)
    }

    private func teacher(_ seed: Int, images: Int, classes: Int) -> [Float] {
        (0..<images * classes).map { Float(sin(Double(7 * $0 + 31 * seed + 1)) * 3) }
    }
}

/// A shard's loss, times its images, in plain fp64.
private struct SlowLoss {
    let loss: TrainingLoss
    let labels: [Int]
    let teacher: [Double]

    init(_ loss: TrainingLoss, labels: [Int], teacher: [Double]) {
        (self.loss, self.labels, self.teacher) = (loss, labels, teacher)
    }

    private var classes: Int { teacher.count / labels.count }

    func value(_ logits: [Double]) -> Double {
        let smoothing = loss.labelSmoothing
        var entropy = 0.0
        for (image, label) in labels.enumerated() {
            let logarithms = logSoftmax(logits, image, 1)
            entropy -= (1 - smoothing) * logarithms[label]
            entropy -= smoothing / Double(classes) * logarithms.reduce(0, +)
        }
        switch loss.distillation {
        case .features, nil: return entropy
        case .logits(let temperature, let weight):
            var divergence = 0.0
            for image in labels.indices {
                let own = logSoftmax(logits, image, temperature)
                for (target, logarithm) in zip(logSoftmax(teacher, image, temperature), own) {
                    divergence += exp(target) * (target - logarithm)
                }
            }
            return (1 - weight) * entropy + weight * temperature * temperature * divergence
        case .similarity(let weight):
            let differences = zip(similarities(logits), similarities(teacher)).map { $0 - $1 }
            let squares = differences.reduce(0) { $0 + $1 * $1 }
            return entropy + weight * squares / Double(labels.count)
        }
    }

    /// By central differences.
    func slopes(_ logits: [Double]) -> [Double] {
        let step = 1e-5
        return logits.indices.map { place in
            var (above, below) = (logits, logits)
            above[place] += step
            below[place] -= step
            return (value(above) - value(below)) / (2 * step)
        }
    }

    private func logSoftmax(_ values: [Double], _ image: Int, _ temperature: Double) -> [Double] {
        let row = values[image * classes..<(image + 1) * classes].map { $0 / temperature }
        let total = log(row.reduce(0) { $0 + exp($1) })
        return row.map { $0 - total }
    }

    private func similarities(_ values: [Double]) -> [Double] {
        let rows = labels.indices.map { Array(values[$0 * classes..<($0 + 1) * classes]) }
        return rows.flatMap { row in
            let products = rows.map { zip(row, $0).reduce(0) { $0 + $1.0 * $1.1 } }
            let norm = products.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return products.map { $0 / norm }
        }
    }
}
