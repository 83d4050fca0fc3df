import Hypernet
import ModelZoo
import NeuralNet

/// The network whose steps are measured.
struct StepNetwork {
    let graph: Graph
    /// FLOPs of convolutions and linear layers, as a share of the unpruned network's.
    let flopsShare: Double
    /// Elements that batch norms put out, likewise.
    let activationsShare: Double

    /// Pruned networks are cut from the form that a hypernetwork made the weights of, as in a run.
    /// - Throws: `ModelZooError`, `ShrinkError`, `BenchError`.
    init(_ settings: StepSettings) throws {
        guard let pruning = settings.pruning else {
            graph = try Self.network(settings, width: settings.width, forHypernetwork: settings.hyper > 0)
            (flopsShare, activationsShare) = (1, 1)
            return
        }
        guard settings.hyper == 0 else { throw BenchError.searchOfPruned }
        let whole = try Self.network(settings, width: settings.width, forHypernetwork: true)
        let plan: Plan
        switch pruning {
        case .plan(let given):
            guard given.network == whole.name else {
                throw BenchError.otherNetwork(plan: given.network, asked: whole.name)
            }
            plan = given
        case .random(let share):
            plan = try Plan(
                random: whole, baseline: try Self.network(settings, width: 1, forHypernetwork: false),
                share: share, seed: settings.seed)
        }
        graph = try Surgery(graph: whole, plan: plan).pruned
        let (after, before) = (Complexity(graph).flops, Complexity(whole).flops)
        flopsShare = Double(after.convLinear) / Double(before.convLinear)
        activationsShare =
            Double(after.convLinearBN - after.convLinear) / Double(before.convLinearBN - before.convLinear)
    }

    private static func network(
        _ settings: StepSettings, width: Double, forHypernetwork: Bool
    ) throws(ModelZooError) -> Graph {
        try ModelZoo.network(
            named: settings.network, input: settings.input, classes: settings.classes, width: width,
            forHypernetwork: forHypernetwork)
    }
}
