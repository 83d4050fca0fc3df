/// What a node of a ``Graph`` does. Activations are NHWC; a node's shape is (channels, height, width) per
/// image.
public enum Operation: Equatable, Sendable {
    /// The images. Always node 0.
    case input(channels: Int, height: Int, width: Int)
    case convolution(Convolution)
    /// Batch normalisation over one shard (PyTorch's semantics: biased variance to normalise, unbiased in the
    /// running variance).
    case batchNorm(BatchNorm)
    case activation(Activation)
    /// The elementwise sum of two inputs of one shape.
    case add
    /// The channels of two or more inputs of one height and width, one after the other.
    case concatenate
    /// Every channel of the first input, (C, H, W), times its number in the second, (C, 1, 1): how
    /// squeeze-excite gates channels.
    case scale
    case maxPool(Pool)
    /// The mean over a window; padded positions count in the divisor (PyTorch's `count_include_pad`).
    case averagePool(Pool)
    /// (C, H, W) to (C, 1, 1).
    case globalAveragePool
    /// (C, H, W), flattened, to (outFeatures, 1, 1), always with a bias.
    case linear(Linear)
}

/// A square convolution. Its weight is (outChannels, inChannels / groups, kernel, kernel).
public struct Convolution: Equatable, Sendable {
    public var outChannels: Int
    public var kernel: Int
    public var stride: Int
    public var padding: Int
    public var groups: Int
    public var hasBias: Bool
    public var initialization: Initialization
    /// How the groups are pruned, if there are any with more than one channel.
    public var groupPruning: GroupPruning
    /// Whether the papers' code has a linear layer here: layer tables then say so. Only 1×1 on one pixel.
    public var isLinear: Bool

    public init(
        outChannels: Int, kernel: Int, stride: Int = 1, padding: Int? = nil, groups: Int = 1,
        hasBias: Bool = false, initialization: Initialization = .uniformFanIn,
        groupPruning: GroupPruning = .whole, isLinear: Bool = false
    ) {
        self.outChannels = outChannels
        self.kernel = kernel
        self.stride = stride
        self.padding = padding ?? kernel / 2
        self.groups = groups
        self.hasBias = hasBias
        self.initialization = initialization
        self.groupPruning = groupPruning
        self.isLinear = isLinear
    }
}

/// What is pruned of a convolution whose groups have several channels each.
public enum GroupPruning: String, CaseIterable, Codable, Equatable, Sendable {
    /// Whole groups go: the input and the output have one latent element for each group.
    case whole
    /// Every group narrows alike: the input, and likewise the output, has one latent element for each channel
    /// of a group, and the groups repeat it.
    case narrow
}

public struct BatchNorm: Equatable, Sendable {
    public var epsilon: Float
    public var momentum: Float

    public init(epsilon: Float = 1e-5, momentum: Float = 0.1) {
        self.epsilon = epsilon
        self.momentum = momentum
    }
}

/// Elementwise functions.
public enum Activation: String, CaseIterable, Equatable, Sendable {
    /// max(x, 0).
    case relu
    /// min(max(x, 0), 6).
    case relu6
    /// x·σ(x), also called SiLU.
    case swish
    /// x·relu6(x + 3) / 6.
    case hardSwish = "hard_swish"
    /// σ(x) = 1 / (1 + e⁻ˣ).
    case sigmoid
    /// relu6(x + 3) / 6.
    case hardSigmoid = "hard_sigmoid"
}

public struct Pool: Equatable, Sendable {
    public var kernel: Int
    public var stride: Int
    public var padding: Int

    public init(kernel: Int, stride: Int, padding: Int = 0) {
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
    }
}

public struct Linear: Equatable, Sendable {
    public var outFeatures: Int
    public var initialization: Initialization

    public init(outFeatures: Int, initialization: Initialization = .uniformFanIn) {
        self.outFeatures = outFeatures
        self.initialization = initialization
    }
}

/// How a weight starts when no hypernetwork makes it, and its bias: at 0 if the weight is normal.
public enum Initialization: Equatable, Sendable {
    /// U(±1/√fanIn), the bias too: PyTorch's default.
    case uniformFanIn
    /// N(0, 2 / fanIn).
    case normalFanIn
    /// N(0, 2 / (outChannels·kernel²)), grouped or not: torchvision's ResNets.
    case normalFanOut
    /// N(0, deviation²).
    case normal(deviation: Double)
}
