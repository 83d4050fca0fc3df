import Bench
import Hypernet
import ModelZoo
import NeuralNet
import Testing

/// Steps of networks that were cut down before.
struct PrunedStepTests {
    private static func settings(_ pruning: StepSettings.Pruning?) -> StepSettings {
        var settings = StepSettings(network: "resnet20")
        settings.input = 8
        settings.classes = 10
        settings.batch = 8
        settings.shard = 4
        settings.pruning = pruning
        settings.steps = 1
        settings.warmup = 0
        settings.measuredSteps = 0
        return settings
    }

    private static func plan(seed: UInt64 = 1) throws -> Plan {
        let graph = try ModelZoo.network(named: "resnet20", input: 8, classes: 10, forHypernetwork: true)
        return try Plan(random: graph, baseline: graph, share: 0.5, seed: seed)
    }

    @Test func aRandomPlanKeepsItsShare() throws {
        var settings = Self.settings(.random(keep: 0.5))
        let report = try StepBench(settings).run()
        #expect(report.flopsShare <= 0.5 && report.flopsShare > 0.47)
        settings.pruning = nil
        let whole = try StepBench(settings).run()
        #expect(whole.flopsShare == 1 && whole.activationsShare == 1)
        #expect(report.activationsShare > report.flopsShare && report.activationsShare < 1)
        #expect(whole.weightsSha256 != report.weightsSha256)
    }

    @Test func aPlanIsTheNetworkThatItLeaves() throws {
        let plan = try Self.plan()
        let planned = try StepBench(Self.settings(.plan(plan))).run()
        let drawn = try StepBench(Self.settings(.random(keep: 0.5))).run()
        #expect(planned.weightsSha256 == drawn.weightsSha256)
        #expect(
            planned.flopsShare == Double(plan.pruned.flops.convLinear)
                / Double(plan.widened.flops.convLinear))
    }

    @Test func oddWidthsGiveTheSameWeightsOnAnyNumberOfThreads() throws {
        let digests = try [1, 2].map { threads in
            var settings = Self.settings(.random(keep: 0.3))
            settings.threads = threads
            return try StepBench(settings).run().weightsSha256
        }
        #expect(Set(digests).count == 1)
    }

    @Test func whatDoesNotFitTogetherIsRefused() throws {
        var search = Self.settings(.random(keep: 0.5))
        search.hyper = 2
        #expect(throws: BenchError.searchOfPruned) { try StepBench(search) }
        var other = Self.settings(.plan(try Self.plan()))
        other.network = "resnet32"
        #expect(throws: BenchError.otherNetwork(plan: "resnet20", asked: "resnet32")) { try StepBench(other) }
        other.network = "resnet20"
        other.width = 2
        #expect(throws: ShrinkError.self) { try StepBench(other) }
    }
}
