/// How a widened network is pruned after the search phase (METHODS, section 2).
public struct ShrinkSettings: Equatable, Codable, Sendable {
    public enum Search: String, Codable, CaseIterable, Sendable {
        /// Bisection over ranks of importance: the most expensive network within the budget.
        case exact
        /// The released code's bisection over thresholds: near the budget, on either side of it.
        case reference
    }

    public var importance: Importance
    public var search: Search
    public var budget: Budget
    /// ρ: the fraction of every vector that stays at least; nil: `minChannels` stay.
    public var rho: Double?
    /// τ: the same for the vector that the classifier reads, or for all that it reads taken together; nil: no
    /// other floor than the others'.
    public var tau: Double?
    /// Channels that stay of every vector, where ρ is nil: of as many elements as have so many.
    public var minChannels: Int
    /// The vector that the classifier reads is not pruned, as in the released code's CIFAR ResNets.
    public var keepsClassifierInput: Bool

    public init(
        budget: Budget, importance: Importance = .gradient, search: Search = .exact, rho: Double? = nil,
        tau: Double? = nil, minChannels: Int = 4, keepsClassifierInput: Bool = false
    ) {
        self.budget = budget
        self.importance = importance
        self.search = search
        self.rho = rho
        self.tau = tau
        self.minChannels = minChannels
        self.keepsClassifierInput = keepsClassifierInput
    }

    func validate() throws(ShrinkError) {
        for (name, value) in [("rho", rho), ("tau", tau)] {
            guard let value else { continue }
            guard value >= 0, value <= 1 else {
                throw .setting(name, value: "\(value)", allowed: "in [0, 1]")
            }
        }
        guard minChannels >= 1 else {
            throw .setting("min_channels", value: "\(minChannels)", allowed: "at least 1")
        }
    }

    /// The number of elements of `vector` that stay whatever the threshold. Where it shares the classifier
    /// with others, more may stay: see ``KeepRule``.
    func floor(of vector: LatentWiring.Vector) -> Int {
        if !vector.isPrunable || vector.feedsClassifier && keepsClassifierInput { return vector.length }
        let fraction = vector.feedsClassifier && !vector.sharesClassifier ? tau ?? rho : rho
        guard let fraction else {
            let width = vector.channelsPerElement
            return min((minChannels + width - 1) / width, vector.length)
        }
        return min(max(Int(fraction * Double(vector.length)), 1), vector.length)
    }
}
