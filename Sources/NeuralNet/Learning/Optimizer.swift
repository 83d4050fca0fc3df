/// How parameters follow gradients: the kind and its constants, with PyTorch's meaning (the formulas are in
/// CKernels' Optimizer.h).
public struct Optimizer: Equatable, Sendable {
    public enum Kind: Equatable, Sendable {
        case sgd(momentum: Double, isNesterov: Bool)
        case adam(beta1: Double, beta2: Double, epsilon: Double)
        /// With a momentum of 0 there is none.
        case rmsprop(alpha: Double, epsilon: Double, momentum: Double)
    }

    public var kind: Kind
    /// Added to the gradient, times the parameter; applies to all, batch norms and biases included.
    public var weightDecay: Double
    /// The whole batch's gradient is scaled down to this L2 norm where it is longer; nil: never.
    public var clipNorm: Double?

    public init(_ kind: Kind, weightDecay: Double, clipNorm: Double? = nil) {
        self.kind = kind
        self.weightDecay = weightDecay
        self.clipNorm = clipNorm
    }

    public static func sgd(
        momentum: Double = 0.9, weightDecay: Double = 0, isNesterov: Bool = false
    ) -> Optimizer {
        Optimizer(.sgd(momentum: momentum, isNesterov: isNesterov), weightDecay: weightDecay)
    }

    public static func adam(
        beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0
    ) -> Optimizer {
        Optimizer(.adam(beta1: beta1, beta2: beta2, epsilon: epsilon), weightDecay: weightDecay)
    }

    public static func rmsprop(
        alpha: Double = 0.99, epsilon: Double = 1e-8, momentum: Double = 0, weightDecay: Double = 0
    ) -> Optimizer {
        Optimizer(.rmsprop(alpha: alpha, epsilon: epsilon, momentum: momentum), weightDecay: weightDecay)
    }

    /// What it remembers of every parameter, one number each: its moments, zeros at a phase's start. They lie
    /// one slot after the other, each in the order of the parameters.
    public enum Slot: String, Sendable {
        case momentum, firstMoment, secondMoment
    }

    public var slots: [Slot] {
        switch kind {
        case .sgd: [.momentum]
        case .adam: [.firstMoment, .secondMoment]
        case .rmsprop(_, _, let momentum): momentum == 0 ? [.secondMoment] : [.secondMoment, .momentum]
        }
    }
}
