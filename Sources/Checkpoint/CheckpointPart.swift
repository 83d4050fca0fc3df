/// The tensor files of a checkpoint.
public enum CheckpointPart: String, Sendable, CaseIterable {
    /// Weights and running statistics, or the hypernetwork's state.
    case model = "model.safetensors"
    /// What the optimizer remembers, such as momentum; a checkpoint that only serves inference has none.
    case optimizer = "optimizer.safetensors"
}
