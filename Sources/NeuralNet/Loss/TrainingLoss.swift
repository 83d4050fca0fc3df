/// What training minimises: softmax cross-entropy, to which labels may be smoothed and a teacher's logits
/// added. Evaluation always counts the plain cross-entropy.
public struct TrainingLoss: Equatable, Sendable {
    /// The share e of every label that all classes get alike: targets are (1 − e)·one-hot + e/classes
    /// (Szegedy and others: "Rethinking the inception architecture for computer vision", CVPR 2016).
    public var labelSmoothing: Double
    /// Nil: no teacher.
    public var distillation: Distillation?

    public init(labelSmoothing: Double = 0, distillation: Distillation? = nil) {
        self.labelSmoothing = labelSmoothing
        self.distillation = distillation
    }

    /// What the cross-entropy is multiplied by.
    var crossEntropyShare: Double {
        if case .logits(_, let weight) = distillation { 1 - weight } else { 1 }
    }
}

/// What is learnt from a teacher. METHODS, section 4.
public enum Distillation: Equatable, Sendable {
    /// weight·T²·KL(softmax(teacher/T) ‖ softmax(student/T)) + (1 − weight)·cross-entropy, with the
    /// temperature T (Hinton, Vinyals, Dean: "Distilling the knowledge in a neural network", 2015).
    case logits(temperature: Double, weight: Double)
    /// weight times how far the similarities between a shard's images differ, and the cross-entropy; see
    /// ``SimilarityLoss``.
    case similarity(weight: Double)
    /// weight times how far features within the network are from the teacher's, and the cross-entropy; see
    /// ``FeatureLoss``. The mean over the executor's features.
    case features(weight: Double)
}
