import Checkpoint
import ClusterCore
public import NeuralNet
import Recipe
import TensorCore

/// A checkpoint's network on its test images, in this process.
public struct CheckpointEvaluation {
    private let definition: RunDefinition
    private let model: any Model
    private let executor: Executor
    public let step: Int
    public let network: String

    /// - Parameters:
    ///   - path: a checkpoint, or a run folder for its newest.
    ///   - data: another folder of test images than the recipe's.
    /// - Throws: `CheckpointError`, `RecipeError`, `DataError` and others, each one line.
    public init(path: String, data: String?, threads: Int) throws {
        let checkpoint = try Checkpoint(atOrIn: path)
        let overrides = data.map { ["data.path=\($0)"] } ?? []
        let recipe = try Recipe(path: RunRecipe.path(ofCheckpoint: checkpoint.path), overrides: overrides)
        let pool = ComputePool(threads: threads)
        definition = try RunDefinition(recipe)
        try definition.checkLevel()
        step = checkpoint.manifest.step
        network = checkpoint.manifest.network
        model = try definition.makeModel(of: checkpoint, pool: pool)
        executor = try Executor(
            graph: model.graph, shard: recipe.shard,
            slice: Executor.sliceSize(
                for: model.graph, shard: recipe.shard, precision: definition.precision),
            pool: pool, precision: definition.precision, training: false)
    }

    /// All test images.
    public func run() throws -> EvaluationCounts {
        executor.setWeights(model.weights())
        var counts = EvaluationCounts()
        for shard in 0..<definition.schedule.evaluationShards {
            counts += try executor.evaluate(definition.testShard(shard))
        }
        return counts
    }
}
