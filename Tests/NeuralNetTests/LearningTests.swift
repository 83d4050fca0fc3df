import Foundation
import Randomness
import TensorCore
import TestSupport
import Testing

@testable import NeuralNet

/// Learning rates, first weights, optimizer, running statistics.
struct LearningTests {
    struct Golden: Decodable {
        struct Schedule: Decodable, CustomTestStringConvertible {
            var name: String
            var kind: String
            var base: Float
            var milestones: [Int]
            var epochs: Int
            /// [epoch, rate] at each change.
            var changes: [[Double]]

            var testDescription: String { name }

            var schedule: LearningRateSchedule {
                kind == "cosine"
                    ? .cosine(base: base, epochs: epochs) : .milestones(base: base, epochs: milestones)
            }
        }

        var schedules: [Schedule]

        static let all: [Schedule] = {
            let file = TestSupport.Golden.packageRoot.appending(path: "Tests/Fixtures/schedules.json")
            let data = (try? Data(contentsOf: file)) ?? Data()
            return (try? JSONDecoder().decode(Golden.self, from: data))?.schedules ?? []
        }()
    }

    @Test func fixtureIsThere() { #expect(Golden.all.count == 8) }

    /// Every epoch's rate is the one that PyTorch's schedulers used, to 1e-12.
    @Test(arguments: Golden.all)
    func ratesAreTheReferences(_ golden: Golden.Schedule) {
        var expected = 0.0
        var changes = golden.changes[...]
        for epoch in 0..<golden.epochs {
            if let next = changes.first, Int(next[0]) == epoch { expected = changes.removeFirst()[1] }
            let rate = golden.schedule.preciseRate(epoch: epoch)
            #expect((rate - expected).magnitude <= 1e-12 * expected, "epoch \(epoch)")
            #expect(golden.schedule.rate(epoch: epoch) == Float(rate))
        }
    }

    /// Up to the base rate whatever the milestones, then the schedule's own.
    @Test(arguments: [
        LearningRateSchedule.constant(base: 0.4), .cosine(base: 0.4, epochs: 4),
        .milestones(base: 0.4, epochs: [1, 2]),
    ])
    func warmUpJoinsTheSchedule(_ schedule: LearningRateSchedule) {
        let (stepsPerEpoch, warmupSteps) = (4, 6)
        for step in 0..<16 {
            let epoch = step / stepsPerEpoch
            let rate = schedule.rate(epoch: epoch, step: step, warmupSteps: warmupSteps)
            let expected = step < 6 ? 0.4 * Double(step + 1) / 6 : schedule.preciseRate(epoch: epoch)
            #expect((Double(rate) - expected).magnitude < 1e-7 && rate > 0, "step \(step)")
            #expect(
                schedule.rate(epoch: epoch, step: step, warmupSteps: 0) == schedule.rate(epoch: epoch))
        }
        #expect(schedule.rate(epoch: 1, step: 5, warmupSteps: warmupSteps) == 0.4)
    }

    /// Whatever the number of threads: the norm of the decoded gradients, without statistics and metrics.
    @Test func gradientNormIsThatOfAllWeights() throws {
        let graph = TestNetworks.pools
        let reduction = ReductionLayout(ParameterLayout(graph))
        var exponents = FixedPointState(uncalibrated: reduction, slices: 2, shards: 1)
        let reports = reduction.segments.indices.map { Overflow(segment: $0, magnitude: Float($0 + 1)) }
        try exponents.raise(for: reports, layout: reduction)
        let random = CounterRandom(seed: 3, stream: 9)
        let reduced = (0..<reduction.count).map {
            Int32($0 % 2 == 0 ? 1 : -1) * Int32(random.integer(UInt64($0), below: 1 << 20))
        }
        var squares = 0.0
        for (index, segment) in reduction.segments.enumerated()
        where segment.kind == .gradientOfSlice || segment.kind == .gradientOfShard {
            for place in segment.range {
                let value = Double(reduced[place]) * Double(exponents.inverseScale(of: index))
                squares += value * value
            }
        }
        let expected = squares.squareRoot()
        let norms = [1, 2, 5].map {
            GradientNorm.of(
                reduced, layout: reduction, exponents: exponents, pool: ComputePool(threads: $0))
        }
        #expect(norms.allSatisfy { $0 == norms[0] })
        #expect((norms[0] / expected - 1).magnitude < 1e-12)
        var optimizer = Optimizer.adam()
        let pool = ComputePool(threads: 1)
        func scale() -> Float {
            optimizer.gradientScale(of: reduced, layout: reduction, exponents: exponents, pool: pool)
        }
        #expect(scale() == 1)
        optimizer.clipNorm = 2 * expected
        #expect(scale() == 1)
        optimizer.clipNorm = 0.25 * norms[0]
        #expect(scale() == 0.25)
    }

    @Test func ratesOutsideTheRunAreDefined() {
        #expect(LearningRateSchedule.cosine(base: 0.1, epochs: 10).rate(epoch: 10) == 0)
        #expect(LearningRateSchedule.cosine(base: 0.1, epochs: 0).rate(epoch: 0) == 0)
        #expect(LearningRateSchedule.constant(base: 0.3).rate(epoch: 1000) == 0.3)
        #expect(LearningRateSchedule.milestones(base: 0.1, epochs: []).rate(epoch: 5) == 0.1)
    }

    @Test func firstWeightsHaveTheirBoundsAndDeviations() {
        var graph = Graph(name: "wide", channels: 16, height: 4, width: 4)
        let uniform = Convolution(outChannels: 64, kernel: 3, hasBias: true)
        let normal = Convolution(outChannels: 64, kernel: 3, initialization: .normalFanOut)
        let grouped = Convolution(
            outChannels: 256, kernel: 3, groups: 4, hasBias: true, initialization: .normalFanIn)
        let given = Convolution(
            outChannels: 64, kernel: 1, hasBias: true, initialization: .normal(deviation: 0.01))
        var node = graph.add("uniform", .convolution(uniform), 0)
        node = graph.add("grouped", .convolution(grouped), node)
        node = graph.add("given", .convolution(given), node)
        node = graph.add("normal", .convolution(normal), node)
        graph.classify(graph.add("norm", .batchNorm(BatchNorm()), node), classes: 100)
        let layout = ParameterLayout(graph)
        var state = [Float](repeating: .nan, count: layout.count)
        state.withUnsafeMutableBufferPointer { InitialWeights.fill($0, graph: graph, seed: 1) }
        func values(_ name: String) -> [Double] {
            layout[name].map { state[$0.range].map(Double.init) } ?? []
        }
        func deviation(_ name: String) -> Double {
            let all = values(name)
            return (all.reduce(0) { $0 + $1 * $1 } / Double(all.count)).squareRoot()
        }
        let bound = 1 / 12.0
        for name in ["uniform.weight", "uniform.bias"] {
            #expect(values(name).allSatisfy { $0.magnitude <= bound })
        }
        #expect((deviation("uniform.weight") / (bound / 3.0.squareRoot()) - 1).magnitude < 0.03)
        #expect((deviation("normal.weight") / (2 / (64.0 * 9)).squareRoot() - 1).magnitude < 0.02)
        #expect((deviation("grouped.weight") / (2 / (16.0 * 9)).squareRoot() - 1).magnitude < 0.02)
        #expect((deviation("given.weight") / 0.01 - 1).magnitude < 0.02)
        for name in ["grouped.bias", "given.bias"] { #expect(values(name).allSatisfy { $0 == 0 }) }
        #expect((deviation("classifier.weight") / (0.125 / 3.0.squareRoot()) - 1).magnitude < 0.03)
        #expect(
            values("norm.weight").allSatisfy { $0 == 1 } && values("norm.running_var").allSatisfy { $0 == 1 })
        #expect(
            values("norm.bias").allSatisfy { $0 == 0 } && values("norm.running_mean").allSatisfy { $0 == 0 })
        #expect(values("uniform.weight") != values("normal.weight"))
    }

    static let optimizers: [Optimizer] = [
        .sgd(weightDecay: 1e-2), .sgd(weightDecay: 1e-2, isNesterov: true), .adam(weightDecay: 1e-2),
        .rmsprop(weightDecay: 1e-2), .rmsprop(momentum: 0.9, weightDecay: 1e-2),
    ]

    /// A step from integers is one from the decoded floats, on any number of threads, tensor by tensor.
    @Test(arguments: optimizers, [1, 3])
    func optimizerDecodesEachTensor(_ optimizer: Optimizer, _ threads: Int) throws {
        let graph = TestNetworks.pools
        let layout = ParameterLayout(graph)
        let reduction = ReductionLayout(layout)
        let pool = ComputePool(threads: threads)
        var exponents = FixedPointState(uncalibrated: reduction, slices: 2, shards: 1)
        let reports = reduction.segments.indices.map { Overflow(segment: $0, magnitude: Float($0 + 1)) }
        try exponents.raise(for: reports, layout: reduction)
        let random = CounterRandom(seed: 9, stream: 9)
        let reduced = (0..<reduction.count).map {
            Int32($0 % 2 == 0 ? 1 : -1) * Int32(random.integer(UInt64($0), below: 9999))
        }
        let step = OptimizerStep(rate: 0.1, number: 4)
        var state = testState(graph)
        let before = state
        var moments = (0..<optimizer.slots.count * layout.parameterCount).map {
            Float(random.uniform(UInt64($0)))
        }
        var (parameters, expected) = (state, moments)
        var gradients = [Float](repeating: 0, count: reduction.metricsOffset)
        for (index, segment) in reduction.segments.enumerated() where segment.kind != .metric {
            for place in segment.range {
                gradients[place] = Float(reduced[place]) * exponents.inverseScale(of: index)
            }
        }
        optimizer.update(
            &state, moments: &moments, reduced: reduced, exponents: exponents, layout: layout, step: step,
            pool: pool)
        optimizer.update(
            &parameters, moments: &expected, gradients: gradients, count: layout.parameterCount, step: step)
        #expect(state == parameters && moments == expected)
        #expect(state[layout.parameterCount...] == before[layout.parameterCount...])
        #expect(zip(state, before).prefix(layout.parameterCount).allSatisfy { $0 != $1 })

        state.withUnsafeMutableBufferPointer {
            RunningStatistics.update(
                $0.baseAddress! + layout.parameterCount, reduced: reduced, exponents: exponents,
                layout: layout,
                graph: graph)
        }
        for place in layout.parameterCount..<layout.count {
            #expect((state[place] - (0.9 * before[place] + 0.1 * gradients[place])).magnitude < 1e-6)
        }
    }
}
