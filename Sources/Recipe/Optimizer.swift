extension Recipe {
    /// How weights follow gradients.
    public struct Optimizer: Equatable, Sendable {
        public enum Kind: String, Equatable, Sendable, CaseIterable {
            /// Stochastic gradient descent with momentum, as in PyTorch.
            case sgd
        }

        public var kind: Kind
        /// Before the schedule.
        public var learningRate: Double
        public var momentum: Double
        /// Added to the gradient, times the weight.
        public var weightDecay: Double
        public var nesterov: Bool
    }
}
