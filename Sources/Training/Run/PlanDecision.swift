import Hypernet
import Recipe

/// From latent vectors and their gradients to the plan, as the recipe says.
enum PlanDecision {
    /// - Throws: `ShrinkError`.
    static func plan(_ definition: RunDefinition, latents: [[Float]], gradients: [[Float]])
        throws(ShrinkError) -> Plan
    {
        guard let shrink = definition.recipe.shrink, let widened = definition.widened else {
            preconditionFailure("a plan is asked for a recipe without shrink")
        }
        return try Plan(
            shrinking: widened, baseline: definition.baseline, latents: latents, gradients: gradients,
            settings: ShrinkSettings(shrink))
    }
}

extension ShrinkSettings {
    init(_ shrink: Recipe.Shrink) {
        let budget: Budget =
            switch shrink.budget {
            case .ratio(let ratio): .ratio(ratio)
            case .flops(let flops): .flops(flops)
            case .flopsOfBaseline(let fraction): .flopsOfBaseline(fraction)
            case .parameters(let count): .parameters(count)
            }
        self.init(
            budget: budget, importance: shrink.importance == .gradient ? .gradient : .magnitude,
            search: shrink.search == .exact ? .exact : .reference, rho: shrink.rho, tau: shrink.tau,
            minChannels: shrink.minChannels)
    }
}
