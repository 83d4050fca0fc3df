import Bench
import Hypernet
import ModelZoo
import NeuralNet
import TensorCore
import Testing

/// What the step bench says is true, whatever the machine's speed.
struct StepBenchTests {
    private static func settings(hyper: Int, threads: Int) -> StepSettings {
        var settings = StepSettings(network: "resnet20")
        settings.input = 8
        settings.classes = 10
        settings.batch = 8
        settings.shard = 4
        settings.width = hyper > 0 ? 0.5 : 0.25
        settings.hyper = hyper
        settings.threads = threads
        settings.steps = 2
        settings.warmup = 1
        settings.measuredSteps = 1
        return settings
    }

    @Test(arguments: [0, 2])
    func sameWeightsOnAnyNumberOfThreads(hyper: Int) throws {
        let reports = try [1, 2, 3].map { try StepBench(Self.settings(hyper: hyper, threads: $0)).run() }
        #expect(Set(reports.map(\.weightsSha256)).count == 1)
        #expect(Set(reports.map(\.loss)).count == 1)
        #expect(reports[0].weightsSha256.count == 64)
    }

    @Test(.enabled(if: Engine.supports(.bf16)))
    func halfPrecisionTakesLessMemory() throws {
        var settings = Self.settings(hyper: 0, threads: 2)
        let single = try StepBench(settings).run()
        settings.precision = .bf16
        let half = try StepBench(settings).run()
        #expect(half.executorGb < single.executorGb)
        #expect(half.weightsSha256 != single.weightsSha256)
        #expect((half.loss - single.loss).magnitude < 0.05 * single.loss)
    }

    @Test(arguments: [0, 2])
    func breakdownAccountsForTheStep(hyper: Int) throws {
        let report = try StepBench(Self.settings(hyper: hyper, threads: 2)).run()
        let shares = report.breakdown.map(\.share)
        #expect(report.accounted <= 1)
        #expect(shares == shares.sorted(by: >))
        #expect((shares.reduce(0, +) - 1).magnitude < 0.02)
        let names = Set(report.breakdown.map(\.pass))
        #expect(
            names.isSuperset(of: ["convolution_forward", "convolution_backward_data", "coding", "update"]))
        #expect(report.breakdown.count == names.count)
    }

    @Test func figuresFitTogether() throws {
        let report = try StepBench(Self.settings(hyper: 0, threads: 1)).run()
        #expect(report.imagesPerSecondBest >= report.imagesPerSecondMedian)
        #expect((report.imagesPerSecondMedian * report.secondsMedian - 8).magnitude < 1e-6)
        #expect(report.flopsShare == 1)
        #expect(report.gflops > 0 && report.peakGflops > 0 && report.peakGb > 0)
    }

    @Test func parametersAreThoseThatTheOptimizerUpdates() throws {
        let plain = try ModelZoo.network(named: "resnet20", input: 8, classes: 10, width: 0.25)
        #expect(
            try StepBench(Self.settings(hyper: 0, threads: 1)).run().parameters
                == Complexity(plain).parameters.published)
        // With an embedding m a convolution has m + m·k² + 1 + m + k² numbers for each pair of channels.
        let graph = try ModelZoo.network(
            named: "resnet20", input: 8, classes: 10, width: 0.5, forHypernetwork: true)
        let wiring = LatentWiring(graph)
        var expected = wiring.vectors.reduce(0) { $0 + $1.length }
        for layer in Complexity(graph).layers {
            let taps = layer.kernel * layer.kernel
            let pairs = layer.inChannels * layer.outChannels
            expected += layer.kind == .linear ? layer.parameters : pairs * (2 + 2 * taps + 1 + 2 + taps)
        }
        expected += Complexity(graph).parameters.published - Complexity(graph).parameters.convLinear
        #expect(try StepBench(Self.settings(hyper: 2, threads: 1)).run().parameters == expected)
    }

    @Test func aBatchOfPartialShardsIsRefused() {
        var settings = Self.settings(hyper: 0, threads: 1)
        settings.batch = 10
        #expect(throws: BenchError.batch(10, shard: 4)) { try StepBench(settings) }
    }
}
