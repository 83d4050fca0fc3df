import Hypernet
import NeuralNet
import Recipe

/// Which channels stay, as the recipe's method says.
enum PlanDecision {
    /// What latent vectors lead to.
    struct Outcome {
        /// Nil: the search goes on.
        var plan: Plan?
        /// What DHP's decision is based on, and why the search ends, for people.
        var look: ProximalSearch.Look?
        var note: String?
    }

    /// The plan of a method that needs no search; nil for the others. Reads the plan's file if there is one.
    /// - Throws: `RecipeError`, `ShrinkError`, ``RunError``.
    static func withoutSearch(_ definition: RunDefinition) throws -> Plan? {
        guard let shrink = definition.recipe.shrink, let graph = definition.widened else { return nil }
        switch shrink.method {
        case .lwDNA, .dhp, .magnitude: return nil
        case .uniform:
            return try Plan(uniform: graph, baseline: definition.baseline, budget: Budget(shrink.budget))
        case .random:
            return try Plan(
                random: graph, baseline: definition.baseline, settings: ShrinkSettings(shrink),
                seed: shrink.seed ?? definition.recipe.seed)
        case .plan:
            guard let path = shrink.planPath else { preconditionFailure("method plan without a file") }
            return try given(PlanText(path: path), path, graph, definition)
        }
    }

    private static func given(
        _ text: PlanText, _ path: String, _ graph: Graph, _ definition: RunDefinition
    ) throws -> Plan {
        do throws(ShrinkError) {
            return try Plan(
                given: text.vectors.map { Plan.Wish($0) }, of: text.network, graph: graph,
                baseline: definition.baseline)
        } catch {
            throw RunError.plan(path, "\(error)")
        }
    }

    /// After `step` steps of the search: from latent vectors and their gradients to the plan, or on. A
    /// function of these alone, whoever reports them and however often.
    /// - Throws: `ShrinkError`, also where these are not the network's vectors.
    static func decide(
        _ definition: RunDefinition, step: Int, latents: [[Float]], gradients: [[Float]]
    ) throws(ShrinkError) -> Outcome {
        guard let shrink = definition.recipe.shrink, let graph = definition.widened else {
            preconditionFailure("a plan is asked for a recipe without shrink")
        }
        let settings = ShrinkSettings(shrink)
        try check(graph, latents: latents, gradients: settings.importance == .gradient ? gradients : nil)
        var outcome = Outcome()
        if shrink.method == .dhp {
            let search = ProximalSearch(
                graph: graph, baseline: definition.baseline, settings: settings,
                threshold: Float(shrink.proximal.threshold), tolerance: shrink.proximal.tolerance)
            let look = try search.look(latents)
            let verdict = search.verdict(look, isLast: step >= definition.searchSteps)
            outcome.look = look
            if verdict == .goOn { return outcome }
            outcome.note = PlanReport.end(look, step: step, missed: verdict == .missed)
            if verdict == .stop {
                outcome.plan = try search.plan(latents, step: step)
                return outcome
            }
        }
        outcome.plan = try Plan(
            shrinking: graph, baseline: definition.baseline, latents: latents, gradients: gradients,
            settings: settings, step: step)
        return outcome
    }

    private static func check(
        _ graph: Graph, latents: [[Float]], gradients: [[Float]]?
    ) throws(ShrinkError) {
        let lengths = LatentWiring(graph).vectors.map(\.length)
        guard latents.map(\.count) == lengths else {
            throw .latents("a worker reported other latent vectors than the network has")
        }
        guard let gradients, gradients.map(\.count) != lengths else { return }
        throw .latents("no worker that took the last step is left; go on from the checkpoint by --resume")
    }
}

extension Plan.Wish {
    init(_ vector: PlanText.Vector) {
        switch vector.kept {
        case .first(let count): self.init(vector: vector.name, kept: .first(count))
        case .indices(let indices): self.init(vector: vector.name, kept: .indices(indices))
        }
    }
}

extension Budget {
    init(_ budget: Recipe.Shrink.Budget) {
        switch budget {
        case .ratio(let ratio): self = .ratio(ratio)
        case .flops(let flops): self = .flops(flops)
        case .flopsOfBaseline(let fraction): self = .flopsOfBaseline(fraction)
        case .parameters(let count): self = .parameters(count)
        }
    }
}

extension ShrinkSettings {
    init(_ shrink: Recipe.Shrink) {
        self.init(
            budget: Budget(shrink.budget),
            importance: shrink.importance == .gradient ? .gradient : .magnitude,
            search: shrink.search == .exact ? .exact : .reference, rho: shrink.rho, tau: shrink.tau,
            minChannels: shrink.minChannels)
    }
}

extension ProximalStep {
    /// - Parameter graph: the widened network.
    init(_ shrink: Recipe.Shrink, graph: Graph) {
        self.init(
            penalty: shrink.proximal.penalty == .l1 ? .l1 : .l2, strength: Float(shrink.proximal.strength),
            threshold: Float(shrink.proximal.threshold), vectors: LatentWiring(graph).vectors,
            settings: ShrinkSettings(shrink))
    }
}
