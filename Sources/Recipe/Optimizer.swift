extension Recipe {
    /// How weights follow gradients: PyTorch's optimizers.
    public struct Optimizer: Equatable, Sendable {
        public enum Kind: String, Equatable, Sendable, CaseIterable {
            /// Stochastic gradient descent with momentum.
            case sgd
            case adam
            case rmsprop
        }

        public var kind: Kind
        /// Before the schedule.
        public var learningRate: Double
        /// Added to the gradient, times the weight.
        public var weightDecay: Double
        /// Of sgd and rmsprop.
        public var momentum: Double
        /// Of sgd.
        public var nesterov: Bool
        /// Of adam: the shares that the means of the gradient and of its square keep in a step.
        public var beta1: Double
        public var beta2: Double
        /// Of rmsprop: the share that the mean of the gradient's square keeps in a step.
        public var alpha: Double
        /// Of adam and rmsprop: added to the root of that mean.
        public var epsilon: Double
        /// The longest that a whole batch's gradient may be; nil: any length.
        public var clipNorm: Double?
    }
}
