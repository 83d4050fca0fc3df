extension Recipe {
    /// The search phase: how channel widths are found.
    public struct Shrink: Equatable, Sendable {
        public enum Method: String, Equatable, Sendable, CaseIterable {
            /// Single-shot shrinkage by the gradients of latent vectors.
            case lwDNA = "lw-dna"
        }

        public enum Importance: String, Equatable, Sendable, CaseIterable {
            /// |∂L/∂z|.
            case gradient
            /// |z|.
            case magnitude
        }

        public enum Search: String, Equatable, Sendable, CaseIterable {
            /// Bisects over the sorted importances.
            case exact
            /// Bisects the threshold as the published code does, step by step.
            case reference
        }

        /// What the pruned network may cost.
        public enum Budget: Equatable, Sendable {
            /// FLOPs as a share of the widened network's.
            case ratio(Double)
            case flops(Int)
            /// FLOPs as a share of the network's before widening.
            case flopsOfBaseline(Double)
            case parameters(Int)
        }

        public var method: Method
        /// Every layer is widened so many times before the search.
        public var width: Int
        /// Elements of the embedding of each weight kernel (m).
        public var embedding: Int
        /// Optimizer steps of the search; the last one's gradients count.
        public var steps: Int
        public var importance: Importance
        public var search: Search
        public var budget: Budget
        /// Share of every latent vector that stays (ρ). Nil: `minChannels` stay.
        public var rho: Double?
        /// Share of the vector that feeds the classifier that stays (τ).
        public var tau: Double
        /// Elements of every vector that stay where `rho` is nil.
        public var minChannels: Int
    }
}
