public import NeuralNet

/// DHP's search: looks from time to time what the network would cost if it were pruned now, and stops near
/// the budget.
public struct ProximalSearch: Sendable {
    /// What a look at the latent vectors shows.
    public struct Look: Equatable, Sendable {
        /// Of the network pruned now: convolutions and linear layers, and all parameters.
        public let flops: Int
        public let parameters: Int
        /// The cost that the budget is in, as a share of the widened network's; and the budget, likewise.
        public let ratio: Double
        public let target: Double
        /// By the name of the latent vector: its elements at or above the threshold.
        public let above: [(vector: String, count: Int)]

        public static func == (first: Self, second: Self) -> Bool {
            first.flops == second.flops && first.parameters == second.parameters
                && first.ratio == second.ratio && first.target == second.target
                && first.above.map(\.count) == second.above.map(\.count)
        }
    }

    public enum Verdict: Equatable, Sendable {
        case goOn
        /// As near as asked for: what is above the threshold now is the plan.
        case stop
        /// Past the budget, or out of steps: the exact search over magnitudes is to find the plan.
        case missed
    }

    private let graph: Graph
    private let baseline: Graph
    private let wiring: LatentWiring
    private let settings: ShrinkSettings
    private let threshold: Float
    private let tolerance: Double

    /// - Parameters:
    ///   - graph: the widened network.
    ///   - baseline: the same network at width 1.
    ///   - settings: budget and floors; importance is magnitude whatever they say.
    ///   - threshold: elements of smaller magnitude go, but for the floors.
    ///   - tolerance: how far from the budget the search may stop, as a share of the widened network's cost.
    public init(
        graph: Graph, baseline: Graph, settings: ShrinkSettings, threshold: Float, tolerance: Double
    ) {
        self.graph = graph
        self.baseline = baseline
        wiring = LatentWiring(graph)
        self.settings = settings
        self.threshold = threshold
        self.tolerance = tolerance
    }

    public func look(_ latents: [[Float]]) throws(ShrinkError) -> Look {
        let counts = try rule(latents).counts(threshold)
        let limit = try settings.budget.limit(of: graph, wiring, baseline: baseline)
        return Look(
            flops: CostModel(graph, wiring, measure: .flops).cost(counts),
            parameters: CostModel(graph, wiring, measure: .parameters).cost(counts),
            ratio: Double(limit.model.cost(counts)) / Double(limit.widened), target: limit.ratio,
            above: zip(wiring.vectors, latents).map { vector, latent in
                (vector.name, latent.count { abs($0) >= threshold })
            })
    }

    /// What follows from a look. A function of what all replicas hold, so it may be asked again.
    public func verdict(_ look: Look, isLast: Bool) -> Verdict {
        if abs(look.ratio - look.target) <= tolerance { return .stop }
        return look.ratio < look.target || isLast ? .missed : .goOn
    }

    /// The plan of what is above the threshold after `step` steps.
    public func plan(_ latents: [[Float]], step: Int) throws(ShrinkError) -> Plan {
        let rule = try rule(latents)
        let limit = try settings.budget.limit(of: graph, wiring, baseline: baseline)
        var plan = Plan(
            cutting: graph, baseline: baseline,
            vectors: Plan.vectors(
                wiring, kept: rule.kept(threshold), rule), step: step,
            threshold: Double(threshold), measure: settings.budget.measure, limit: limit.cost,
            isReached: true)
        try plan.price(graph, wiring)
        return plan
    }

    private func rule(_ latents: [[Float]]) throws(ShrinkError) -> KeepRule {
        let importances = Importance.magnitude.values(latents: latents, gradients: [])
        return try KeepRule(importances: importances, vectors: wiring.vectors, settings: settings)
    }
}
