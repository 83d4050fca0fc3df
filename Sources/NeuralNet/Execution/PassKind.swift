/// What a compute thread's time goes into; see ``Executor/measuresPasses``.
public enum PassKind: Int, CaseIterable, Sendable {
    /// Asking the shard's source for images.
    case images
    case convolutionForward
    case convolutionBackwardData
    case convolutionBackwardWeights
    /// Channel sums, and the pass that normalises, adds and activates; in the backward pass once more for
    /// outputs that were not kept.
    case normForward
    case normBackward
    /// What each thread does where the threads meet: adding up the slices' channel sums, coefficients.
    case normCombine
    /// Max, average and global average pools, both ways.
    case pools
    /// Linear layers and the losses, both ways.
    case linearAndLoss
    /// Adds, copies, conversions, concatenations, scales and activations that are fused with nothing.
    case elementwise
    /// Gradients to fixed point, into the step's integer sums.
    case coding
    /// For other threads.
    case waiting
    /// Weights into oneDNN's layouts.
    case packing
    /// Clearing the step's sums.
    case stepSums
}

extension Work {
    /// Coding of weight gradients is measured apart.
    var kind: PassKind {
        switch self {
        case .load: .images
        case .convolve: .convolutionForward
        case .convolveBackData: .convolutionBackwardData
        case .convolveBackWeights: .convolutionBackwardWeights
        case .normSums, .normalize: .normForward
        case .normBackSums, .normBackApply: .normBackward
        case .pool, .average, .poolBack, .averageBack: .pools
        case .multiply, .multiplyBackWeights, .multiplyBackData, .loss, .featureLoss: .linearAndLoss
        case .activate, .add, .activateBack, .convert, .copy, .accumulate, .concatenate, .concatenateBack,
            .scale, .scaleBackGate, .scaleBackInput:
            .elementwise
        }
    }
}
