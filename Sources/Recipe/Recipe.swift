/// What to train, on what, how: a recipe file with its defaults filled in and its values checked.
///
/// Paths in a recipe are relative to the current directory, as paths on the command line are.
public struct Recipe: Equatable, Sendable {
    /// The arithmetic of activations and convolution inputs. Weights, statistics and the loss are always fp32
    /// or more.
    public enum Precision: String, Equatable, Sendable, CaseIterable {
        case fp32
        /// Takes a CPU with the instruction level avx512_core_bf16.
        case bf16

        /// Levels that a run of this precision cannot be pinned to.
        var insufficientLevels: [String] {
            switch self {
            case .fp32: []
            case .bf16: ["sse41", "avx", "avx2", "avx2_vnni", "avx512_core", "avx512_core_vnni"]
            }
        }
    }

    /// Name of a network of the model zoo.
    public var network: String
    /// Initial weights, sample order, augmentation and synthetic images are functions of it.
    public var seed: UInt64
    /// Images in a global batch; a multiple of `shard`.
    public var batch: Int
    /// Images that share batch-norm statistics.
    public var shard: Int
    /// Passes over the training images in the converge phase.
    public var epochs: Int
    /// Steps, of both phases together, after which the run stops with a checkpoint.
    public var maxSteps: Int?
    public var precision: Precision
    /// Bits of a reduced gradient's largest magnitude, sign included.
    public var gradientBits: Int
    public var data: DataSource
    public var optimizer: Optimizer
    public var schedule: Schedule
    public var loss: Loss
    /// Nil: no teacher.
    public var distillation: Distillation?
    /// Nil: the network is trained as it is.
    public var shrink: Shrink?
    public var checkpoint: Checkpoints
    public var evaluate: Evaluation
    /// Instruction level that all workers use: `auto`, or a name that oneDNN knows.
    public var isa: String
    /// Seconds without a sign of life after which a process is taken for dead; the other times are derived
    /// from it.
    public var timeout: Double
}
