import NeuralNet
import Recipe
import TensorCore

/// The network that a run learns from, in evaluation mode: batch norms use running statistics, so its logits
/// depend on the images alone. Owned by the replica's thread.
final class Teacher {
    /// Holds the weights that the executor reads.
    private let model: any Model
    private let executor: Executor
    private let images: KeptImages
    private let logits: AlignedBuffer<Float>

    /// Reads the teacher of a recipe; nil if it has none.
    /// - Throws: `CheckpointError`, `RecipeError`, ``TeacherError``, `EngineError`.
    init?(of definition: RunDefinition, pool: ComputePool) throws {
        guard let distillation = definition.recipe.distillation else { return nil }
        model = try TeacherCheckpoint(distillation, for: definition).makeModel(pool: pool)
        let (graph, shard) = (model.graph, definition.recipe.shard)
        let precision = definition.precision
        executor = try Executor(
            graph: graph, shard: shard,
            slice: Executor.sliceSize(for: graph, shard: shard, precision: precision), pool: pool,
            precision: precision, training: false)
        images = try KeptImages(countMax: shard, length: graph.inputShape.count)
        logits = try AlignedBuffer(attempting: shard * graph.outputCount)
        executor.setWeights(model.weights())
    }

    /// The same shard with its images at hand, and the teacher's logits for it, (images, classes). Both are
    /// good until the next call.
    /// - Throws: what the shard's source throws.
    func study(_ shard: any ShardSource) throws -> (images: any ShardSource, logits: UnsafePointer<Float>) {
        images.begin(shard)
        try executor.writeLogits(of: images, into: logits.pointer)
        return (images, UnsafePointer(logits.pointer))
    }
}
