import Checkpoint
import ClusterCore
import NeuralNet
import Recipe

extension RunDefinition {
    /// What a phase minimises.
    func loss(in phase: Phase) -> TrainingLoss {
        TrainingLoss(
            labelSmoothing: recipe.loss.labelSmoothing,
            distillation: recipe.distillation.flatMap { distillation in
                guard phase == .converge || distillation.phases == .both else { return nil }
                return switch distillation.kind {
                case .logits:
                    .logits(temperature: distillation.temperature, weight: distillation.weight)
                case .similarity: .similarity(weight: distillation.weight)
                case .features: .features(weight: distillation.weight)
                }
            })
    }

    /// Reads the recipe's teacher from disk; nil if it has none.
    /// - Throws: `CheckpointError`, `RecipeError`, ``TeacherError``.
    func openTeacher() throws -> TeacherCheckpoint? {
        try recipe.distillation.map { try TeacherCheckpoint($0, for: self) }
    }

    /// The definition with the teacher's digest in its recipe, so that every worker has the same teacher and
    /// a run that is resumed the one that it began with; and with the features that are learnt from it.
    /// - Throws: ``TeacherError``.
    func with(_ teacher: TeacherCheckpoint?) throws -> RunDefinition {
        guard let teacher else { return self }
        var result = self
        result.recipe.distillation?.digest = teacher.digest
        if recipe.distillation?.kind == .features {
            result.taps = [
                try FeatureTap(
                    student: widened ?? baseline, teacher: teacher.graph(), path: teacher.checkpoint.path)
            ]
        }
        return result
    }
}
