import ClusterCore
import ImageData
import NeuralNet
import Recipe
import Testing

@testable import Training

/// What a recipe comes to.
struct DefinitionTests {
    /// Two modules that must not import each other name the formats alike.
    @Test func formatsHaveTheSameNames() {
        #expect(Recipe.DataSource.Format.allCases.map(\.rawValue) == DataFormat.allCases.map(\.rawValue))
    }

    @Test func scheduleCountsStepsOverBothPhases() throws {
        let definition = try TestDefinitions.make(
            searchSteps: 3, epochs: 5, trainCount: 250,
            "max_steps: 7\nevaluate:\n  every_epochs: 2\ncheckpoint:\n  every_epochs: 3")
        let schedule = definition.schedule
        #expect(definition.searchSteps == 3 && schedule.searchSteps == 3)
        // 5 · 250 images in batches of 64 are 19.5 steps.
        #expect(schedule.totalSteps == 3 + 20)
        #expect(schedule.stopAfter == 7 && schedule.lastStep(searchEnd: 3) == 7)
        #expect(schedule.shardsPerStep == 4)
        // 50 test images in shards of 16.
        #expect(schedule.evaluationShards == 4)
        #expect(schedule.evaluateEvery == 8)
        #expect(schedule.checkpointEvery == 12)
        #expect(
            try TestDefinitions.make("resnet20", "checkpoint:\n  every_steps: 6").schedule.checkpointEvery
                == 6)
    }

    /// A rate belongs to an epoch of the converge phase; the search runs at the first one's.
    @Test func learningRateFollowsTheEpochs() throws {
        let others = "schedule:\n  kind: step\n  milestones: [0.5, 3]\noptimizer:\n  learning_rate: 0.4"
        let definition = try TestDefinitions.make(searchSteps: 3, epochs: 4, others)
        // 3 steps of search, then 4 steps an epoch; the milestones are epochs 2 and 3.
        let rates = (0..<19).map { definition.learningRate(step: $0, searchEnd: $0 < 3 ? nil : 3) }
        #expect(
            rates == Array(repeating: 0.4, count: 3 + 8) + Array(repeating: 0.04, count: 4)
                + Array(repeating: 0.004, count: 4))
    }

    @Test func constantAndCosineRates() throws {
        let constant = try TestDefinitions.make(epochs: 3)
        #expect((0..<12).allSatisfy { constant.learningRate(step: $0, searchEnd: 0) == 0.1 })
        let cosine = try TestDefinitions.make(epochs: 2, "schedule:\n  kind: cosine")
        #expect(cosine.learningRate(step: 3, searchEnd: 0) == 0.1)
        #expect(abs(cosine.learningRate(step: 4, searchEnd: 0) - 0.05) < 1e-7)
    }

    /// Shards cover each epoch's images once, in an order of its own.
    @Test func shardsCoverTheEpoch() throws {
        let definition = try TestDefinitions.make()
        let orders = [0, 1].map { epoch in
            (0..<256).map { definition.order.sample(at: epoch * 256 + $0).index }
        }
        #expect(orders.allSatisfy { $0.sorted() == Array(0..<256) })
        #expect(orders[0] != orders[1])
        let labels = (0..<4).flatMap { step in
            (0..<4).flatMap { shard in
                let source = definition.trainingShard(step: step, shard: shard)
                return (0..<source.count).map(source.label)
            }
        }
        #expect(labels == orders[0].map(definition.train.label))
    }

    @Test func networksOfBothPhases() throws {
        let plain = try TestDefinitions.make()
        #expect(plain.widened == nil)
        let search = try TestDefinitions.make(searchSteps: 1)
        let widened = try #require(search.widened)
        #expect(ParameterLayout(widened).count > 3 * ParameterLayout(search.baseline).count)
        #expect(try search.stateLayout(plan: "").count > ParameterLayout(widened).count)
        #expect(throws: (any Error).self) { try search.stateLayout(plan: "{}") }
    }

    @Test func tooFewImagesAreRefused() {
        #expect(throws: RunError.tooFewImages(63, batch: 64)) { try TestDefinitions.make(trainCount: 63) }
    }
}
