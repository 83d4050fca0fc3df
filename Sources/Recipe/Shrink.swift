extension Recipe {
    /// How channel widths are found.
    public struct Shrink: Equatable, Sendable {
        public enum Method: String, Equatable, Sendable, CaseIterable {
            /// Single-shot shrinkage by the gradients of latent vectors.
            case lwDNA = "lw-dna"
            /// The proximal gradient of the latent vectors, until the budget is met.
            case dhp
            /// Single-shot, by the latent vectors' magnitudes.
            case magnitude
            /// The same share of every layer, without a search.
            case uniform
            /// Random shares, without a search.
            case random
            /// A plan from a file, without a search.
            case plan

            /// Whether a hypernetwork is trained to find the plan.
            public var searches: Bool {
                switch self {
                case .lwDNA, .dhp, .magnitude: true
                case .uniform, .random, .plan: false
                }
            }
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

        /// How grouped convolutions are pruned.
        public enum Groups: String, Equatable, Sendable, CaseIterable {
            /// Whole groups go.
            case whole
            /// All groups narrow alike.
            case narrow
        }

        /// DHP's proximal gradient.
        public struct Proximal: Equatable, Sendable {
            public enum Penalty: String, Equatable, Sendable, CaseIterable {
                case l1, l2
            }

            /// The norm of each latent vector that is added to the loss.
            public var penalty: Penalty = .l1
            /// Its factor (λ).
            public var strength = 1e-4
            /// Elements below it are as good as pruned.
            public var threshold = 5e-3
            /// Steps from one look at the cost to the next.
            public var checkEvery = 100
            /// How far from the budget the search may stop, as a share of the widened network's cost.
            public var tolerance = 0.02

            public init() {}
        }

        public var method: Method
        /// Every layer is widened so many times before it is pruned.
        public var width: Int
        public var groups: Groups
        /// Elements of the embedding of each weight kernel (m).
        public var embedding: Int
        /// Optimizer steps of the search; the last one's gradients count. DHP: the most steps.
        public var steps: Int
        public var importance: Importance
        public var search: Search
        public var proximal: Proximal
        /// Of `random`; nil: the recipe's.
        public var seed: UInt64?
        /// The plan's file; nil for the other methods.
        public var planPath: String?
        /// `ratio(1)` where a file has the plan.
        public var budget: Budget
        /// Share of every latent vector that stays (ρ). Nil: `minChannels` stay.
        public var rho: Double?
        /// Share of the vector that feeds the classifier that stays (τ).
        public var tau: Double
        /// Elements of every vector that stay where `rho` is nil.
        public var minChannels: Int
    }
}

extension Recipe.Shrink.Method {
    /// The keys of `shrink` that some methods have and others have not.
    static let ownKeys: Set<String> = [
        "embedding", "steps", "importance", "search", "penalty", "strength", "threshold", "check_every",
        "tolerance", "seed", "plan", "budget", "rho", "tau", "min_channels",
    ]

    /// Those of them that this method has.
    var keys: Set<String> {
        let floors: Set<String> = ["budget", "rho", "tau", "min_channels"]
        switch self {
        case .lwDNA: return floors.union(["embedding", "steps", "importance", "search"])
        case .magnitude: return floors.union(["embedding", "steps", "search"])
        case .dhp:
            return floors.union([
                "embedding", "steps", "penalty", "strength", "threshold", "check_every", "tolerance",
            ])
        case .uniform: return ["budget"]
        case .random: return floors.union(["seed"])
        case .plan: return ["plan"]
        }
    }

    /// The most steps of DHP's search unless told otherwise, and the steps of the others'.
    var defaultSteps: Int { self == .dhp ? 20_000 : 1 }
}
