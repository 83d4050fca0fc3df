import Checkpoint
import Foundation
import Hypernet
import ImageData
import NeuralNet
import Recipe
import TensorCore

/// A teacher on disk: a checkpoint, and the recipe of the run that wrote it.
struct TeacherCheckpoint {
    let checkpoint: Checkpoint
    /// Of the weights.
    let digest: String
    /// The teacher's networks, with the images of the run that learns from it.
    private let definition: RunDefinition

    /// - Throws: `CheckpointError`, `RecipeError`; ``TeacherError`` if it is not the teacher that the recipe
    ///   asks for, or was trained for other images.
    init(_ distillation: Recipe.Distillation, for student: RunDefinition) throws {
        checkpoint = try Checkpoint(atOrIn: distillation.teacher)
        digest = try checkpoint.digest()
        if let wanted = distillation.digest, wanted != digest {
            throw TeacherError.otherWeights(checkpoint.path, digest: digest, wanted: wanted)
        }
        let shape = student.train.imageShape
        let manifest = checkpoint.manifest
        guard manifest.inputShape == [shape.channels, shape.height, shape.width] else {
            throw TeacherError.otherImages(checkpoint.path, manifest.inputShape)
        }
        guard manifest.classes == student.train.classNames else {
            throw TeacherError.otherClasses(checkpoint.path, manifest.classes.count)
        }
        definition = try RunDefinition(
            Recipe(path: RunRecipe.path(ofCheckpoint: checkpoint.path)), train: student.train,
            test: student.test)
    }

    /// The teacher's network.
    func graph() throws -> Graph {
        try definition.graph(plan: checkpoint.plan)
    }

    /// The teacher with its weights.
    func makeModel(pool: ComputePool) throws -> any Model {
        try definition.makeModel(of: checkpoint, pool: pool)
    }
}

/// A checkpoint that cannot teach.
enum TeacherError: Error, Equatable, CustomStringConvertible {
    case otherWeights(String, digest: String, wanted: String)
    case otherImages(String, [Int])
    case otherClasses(String, Int)
    case noFeatures(String, network: String)
    case otherFeatures(String, size: [Int], wanted: [Int])

    var description: String {
        switch self {
        case .otherWeights(let path, let digest, let wanted):
            "\(path): not the teacher of this run: its digest is \(digest.prefix(12))…, the run's teacher "
                + "has \(wanted.prefix(12))…; copy that one here"
        case .otherImages(let path, let shape):
            "\(path): cannot teach: it was trained on images of "
                + shape.map(String.init).joined(separator: "×")
        case .otherClasses(let path, let count):
            "\(path): cannot teach: it was trained for \(count) other classes"
        case .noFeatures(let path, let network):
            "\(path): cannot teach features: \(network) has no global average pool before its classifier; "
                + "take distillation.kind: logits"
        case .otherFeatures(let path, let size, let wanted):
            "\(path): cannot teach features: its are \(size[0])×\(size[1]), the network's "
                + "\(wanted[0])×\(wanted[1]); take distillation.kind: logits"
        }
    }
}
