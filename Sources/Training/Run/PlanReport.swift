public import Hypernet
import NeuralNet
import Observe

/// The plan as people read it: channels kept per latent vector, costs before and after.
public enum PlanReport {
    public static func text(_ plan: Plan) -> String {
        var vectors = TextTable([
            ("latent vector", .left), ("kept", .right), ("of", .right), ("", .left), ("least", .right),
            ("median importance", .right), ("greatest", .right),
        ])
        for vector in plan.vectors {
            let isBound = vector.kept.count == vector.floor && vector.floor < vector.length
            let importance = vector.importance.map { Show.decimals(Double($0), 6) }
            vectors.add(
                [vector.name, "\(vector.kept.count)", "\(vector.length)", isBound ? "floor" : ""] + importance
            )
        }
        var costs = TextTable([
            ("", .left), ("baseline", .right), ("widened", .right), ("pruned", .right),
            ("pruned / baseline", .right),
        ])
        let flops = [plan.baseline, plan.widened, plan.pruned].map(\.flops.convLinear)
        let parameters = [plan.baseline, plan.widened, plan.pruned].map(\.parameters.convLinear)
        costs.add(row("FLOPs (conv + linear)", flops))
        costs.add(row("parameters (conv + linear)", parameters))
        return [
            "plan for \(plan.network), threshold \(plan.threshold)", vectors.description, costs.description,
            plan.shortfall,
        ].compactMap { $0 }.joined(separator: "\n")
    }

    /// One line: what is left of the baseline's cost.
    static func costs(_ plan: Plan) -> String {
        let (flops, parameters) = (plan.pruned.flops.convLinear, plan.pruned.parameters.convLinear)
        let share = Show.percent(Double(flops) / Double(plan.baseline.flops.convLinear))
        let parameterShare = Show.percent(Double(parameters) / Double(plan.baseline.parameters.convLinear))
        return "pruned network: \(Show.count(flops)) FLOPs, \(share) of the baseline's; "
            + "\(Show.count(parameters)) parameters, \(parameterShare)"
    }

    /// How near the search is to the budget.
    static func line(_ look: ProximalSearch.Look) -> String {
        "cost \(Show.percent(look.ratio)), to be \(Show.percent(look.target))"
    }

    /// Why DHP's search ended.
    static func end(_ look: ProximalSearch.Look, step: Int, missed: Bool) -> String {
        let end = "the search ends after \(step) steps: \(line(look)) of the widened network's"
        guard missed else { return end }
        let reason = look.ratio < look.target ? "it went past the budget" : "it ran out of steps"
        return "\(end); \(reason), so magnitudes decide within the budget"
    }

    private static func row(_ title: String, _ counts: [Int]) -> [String] {
        [title] + counts.map(Show.count) + [Show.percent(Double(counts[2]) / Double(counts[0]))]
    }
}
