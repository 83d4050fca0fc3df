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
    /// Of all taps, one after the other.
    private let features: AlignedBuffer<Float>
    /// Where each tap's begin.
    private let featureStarts: [Int]

    /// - Parameter definition: of the run that learns.
    /// - Throws: `CheckpointError`, `EngineError`.
    init(_ checkpoint: TeacherCheckpoint, of definition: RunDefinition, pool: ComputePool) throws {
        model = try checkpoint.makeModel(pool: pool)
        let (graph, shard) = (model.graph, definition.recipe.shard)
        let precision = definition.precision
        let nodes = definition.taps.map { graph.node(named: $0.teacher) }
        executor = try Executor(
            graph: graph, shard: shard,
            slice: Executor.sliceSize(for: graph, shard: shard, precision: precision), pool: pool,
            precision: precision, features: nodes, training: false)
        images = try KeptImages(countMax: shard, length: graph.inputShape.count)
        logits = try AlignedBuffer(attempting: shard * graph.outputCount)
        var starts = [0]
        for node in nodes { starts.append((starts.last ?? 0) + shard * graph.shapes[node].count) }
        features = try AlignedBuffer(attempting: starts.removeLast())
        featureStarts = starts
        executor.setWeights(model.weights())
    }

    /// What the teacher has to say about a shard; good until its next call.
    struct Lesson {
        /// The same shard with its images at hand.
        let images: any ShardSource
        /// (images, classes).
        let logits: UnsafePointer<Float>
        /// For each of the definition's taps, (images, height, width, channels).
        let features: [UnsafePointer<Float>]
    }

    /// - Throws: what the shard's source throws.
    func study(_ shard: any ShardSource) throws -> Lesson {
        images.begin(shard)
        let targets = featureStarts.map { features.pointer + $0 }
        try executor.writeLogits(of: images, into: logits.pointer, features: targets)
        return Lesson(
            images: images, logits: logits.pointer, features: targets.map { UnsafePointer($0) })
    }
}
