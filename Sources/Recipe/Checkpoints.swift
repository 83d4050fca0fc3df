extension Recipe {
    /// When checkpoints are written and how many are kept.
    public struct Checkpoints: Equatable, Sendable {
        public enum Cadence: Equatable, Sendable {
            case epochs(Int)
            case steps(Int)
        }

        public var every: Cadence
        /// The newest ones that stay in the run folder.
        public var keep: Int
    }

    /// When the network is evaluated on the test images.
    public struct Evaluation: Equatable, Sendable {
        public var everyEpochs: Int
    }
}
