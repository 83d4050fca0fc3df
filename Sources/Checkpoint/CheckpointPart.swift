/// The tensor files of a checkpoint.
public enum CheckpointPart: String, Sendable, CaseIterable {
    /// Weights and running statistics, or the hypernetwork's state.
    case model = "model.safetensors"
    /// The optimizer's momentum; a checkpoint that only serves inference has none.
    case optimizer = "optimizer.safetensors"
}
