import NeuralNet

/// What the pruned network may cost. FLOPs are those of convolutions and linear layers, as in the released
/// code; parameters are all.
public enum Budget: Equatable, Codable, Sendable {
    /// A fraction of the widened network's FLOPs.
    case ratio(Double)
    case flops(Int)
    /// A fraction of the un-widened network's FLOPs.
    case flopsOfBaseline(Double)
    case parameters(Int)

    public enum Measure: String, Codable, Sendable {
        case flops, parameters
    }

    var measure: Measure {
        if case .parameters = self { .parameters } else { .flops }
    }

    /// What a network may cost, and what it is measured by.
    struct Limit {
        let model: CostModel
        /// The widened network's cost.
        let widened: Int
        /// The most that may be spent, and the same as a ratio of `widened`.
        let cost: Int
        let ratio: Double
    }

    /// - Parameters:
    ///   - graph: the widened network, and its wiring.
    ///   - baseline: the same network at width 1.
    func limit(
        of graph: Graph, _ wiring: LatentWiring, baseline: Graph
    ) throws(ShrinkError) -> Limit {
        let model = CostModel(graph, wiring, measure: measure)
        let widened = model.cost(wiring.vectors.map(\.length))
        let limit = try limit(widened: widened, baseline: Complexity(baseline).flops.convLinear)
        return Limit(model: model, widened: widened, cost: limit.cost, ratio: limit.ratio)
    }

    /// The most that may be spent, and the same as a ratio of `widened`.
    ///
    /// - Parameters:
    ///   - widened: the widened network's cost in ``measure``.
    ///   - baseline: the baseline's FLOPs.
    func limit(widened: Int, baseline: Int) throws(ShrinkError) -> (cost: Int, ratio: Double) {
        switch self {
        case .ratio(let ratio):
            guard ratio > 0, ratio <= 1 else {
                throw .setting("ratio", value: "\(ratio)", allowed: "in (0, 1]")
            }
            return (Int((ratio * Double(widened)).rounded(.down)), ratio)
        case .flops(let cost):
            guard cost > 0 else { throw .setting("flops", value: "\(cost)", allowed: "positive") }
            return (cost, Double(cost) / Double(widened))
        case .flopsOfBaseline(let fraction):
            guard fraction > 0, fraction <= 1e6 else {
                throw .setting(
                    "flops_of_baseline", value: "\(fraction)", allowed: "positive, at most 1000000")
            }
            let cost = fraction * Double(baseline)
            return (Int(cost.rounded(.down)), cost / Double(widened))
        case .parameters(let cost):
            guard cost > 0 else { throw .setting("parameters", value: "\(cost)", allowed: "positive") }
            return (cost, Double(cost) / Double(widened))
        }
    }
}
