public import Hypernet
import NeuralNet
import Observe

/// The plan as people read it: channels kept per latent vector, costs before and after.
public enum PlanReport {
    public static func text(_ plan: Plan) -> String {
        var costs = TextTable([
            ("", .left), ("baseline", .right), ("widened", .right), ("pruned", .right),
            ("pruned / baseline", .right),
        ])
        let flops = [plan.baseline, plan.widened, plan.pruned].map(\.flops.convLinear)
        let parameters = [plan.baseline, plan.widened, plan.pruned].map(\.parameters.convLinear)
        costs.add(row("FLOPs (conv + linear)", flops))
        costs.add(row("parameters (conv + linear)", parameters))
        return [
            "plan for \(plan.network): threshold \(Show.magnitude(plan.threshold)), budget "
                + "\(Show.count(plan.limit)) \(plan.measure == .flops ? "FLOPs" : "parameters")",
            "", "\(vectors(plan))", neverPruned(plan), "", "\(costs)", plan.shortfall,
        ].compactMap { $0 }.joined(separator: "\n")
    }

    /// What each vector keeps, and the importances that decided.
    private static func vectors(_ plan: Plan) -> TextTable {
        var table = TextTable([
            ("latent vector", .left), ("kept", .right), ("of", .right), ("%", .right), ("", .left),
            ("importance: least", .right), ("25 %", .right), ("median", .right), ("75 %", .right),
            ("greatest", .right),
        ])
        for vector in plan.vectors where !isNeverPruned(vector) {
            let bound = vector.floor == vector.length ? "whole" : "floor"
            let share = Show.decimals(100 * Double(vector.kept.count) / Double(vector.length), 0)
            table.add(
                [
                    vector.name, "\(vector.kept.count)", length(vector, plan), share,
                    vector.kept.count == vector.floor ? bound : "",
                ] + vector.importance.map { Show.magnitude(Double($0)) })
        }
        return table
    }

    /// In elements, and how many channels each stands for where groups repeat the vector: `19×8`.
    private static func length(_ vector: Plan.Vector, _ plan: Plan) -> String {
        let channels = plan.layers.first { $0.name == vector.name }?.of ?? vector.length
        return "\(vector.length)" + (channels > vector.length ? "×\(channels / vector.length)" : "")
    }

    /// The image's, and the input sides that depthwise and grouped convolutions have for themselves.
    private static func isNeverPruned(_ vector: Plan.Vector) -> Bool {
        vector.kept.count == vector.length && (vector.name == "input" || vector.name.hasSuffix(".in"))
    }

    private static func neverPruned(_ plan: Plan) -> String? {
        let count = plan.vectors.count(where: isNeverPruned)
        return count > 1 ? "not shown: \(count) vectors that are never pruned" : nil
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
