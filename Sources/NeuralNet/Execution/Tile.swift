/// Some consecutive images of a slice, or rows of one: one of `count` equal parts. What a work leaves of a
/// tile is still in cache when the next work reads it.
struct Tile {
    var slice: Int
    var index = 0
    var count = 1

    var isFirst: Bool { index == 0 }
    var isLast: Bool { index == count - 1 }
}

extension Work {
    /// Whether it makes the gradient of a weight, which is the thread's until it is coded.
    var makesWeightGradient: Bool {
        switch self {
        case .convolveBackWeights, .multiplyBackWeights: true
        default: false
        }
    }

    /// Whether it does to each image what it would do to it alone, so that it may go tile by tile. Gradients
    /// of convolutions' weights may on some paths.
    var canBeTiled: Bool {
        switch self {
        case .convolve, .normSums, .normalize, .activate, .add, .convert, .copy, .accumulate, .activateBack,
            .convolveBackData, .normBackSums, .normBackApply, .concatenate, .concatenateBack, .scale,
            .scaleBackGate, .scaleBackInput:
            true
        case .load, .multiply, .pool, .average, .loss, .featureLoss, .convolveBackWeights,
            .multiplyBackWeights,
            .multiplyBackData, .poolBack, .averageBack:
            false
        }
    }
}
