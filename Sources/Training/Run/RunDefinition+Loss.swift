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

    /// The definition with the teacher's digest in its recipe, so that every worker has the same teacher and
    /// a run that is resumed the one that it began with; and with the features that are learnt from it.
    /// - Throws: `CheckpointError`, `RecipeError`, ``TeacherError``.
    func withTeacher() throws -> RunDefinition {
        guard let distillation = recipe.distillation else { return self }
        let teacher = try TeacherCheckpoint(distillation, for: self)
        var result = self
        result.recipe.distillation?.digest = teacher.digest
        if distillation.kind == .features {
            result.taps = [
                try FeatureTap(
                    student: widened ?? baseline, teacher: teacher.graph(), path: teacher.checkpoint.path)
            ]
        }
        return result
    }
}
