public import NeuralNet

extension Plan {
    /// Prunes: from the latent vectors at the end of the search phase to the channels that stay.
    ///
    /// - Parameters:
    ///   - graph: the widened network.
    ///   - baseline: the same network at width 1.
    ///   - latents: of each latent vector, in the order of `LatentWiring(graph)`.
    ///   - gradients: ∂L/∂z, likewise.
    public init(
        shrinking graph: Graph, baseline: Graph, latents: [[Float]], gradients: [[Float]],
        settings: ShrinkSettings
    ) throws(ShrinkError) {
        try self.init(
            shrinking: graph, wiring: LatentWiring(graph), baseline: baseline, latents: latents,
            gradients: gradients, settings: settings)
    }

    /// With a wiring that is not the graph's.
    package init(
        shrinking graph: Graph, wiring: LatentWiring, baseline: Graph, latents: [[Float]],
        gradients: [[Float]], settings: ShrinkSettings
    ) throws(ShrinkError) {
        try settings.validate()
        let measure = settings.budget.measure
        let model = CostModel(graph, wiring, measure: measure)
        let widenedCost = model.cost(wiring.vectors.map(\.length))
        let limit = try settings.budget.limit(
            widened: widenedCost, baseline: Complexity(baseline).flops.convLinear)
        let importances = settings.importance.values(latents: latents, gradients: gradients)
        let rule = try KeepRule(importances: importances, vectors: wiring.vectors, settings: settings)
        let search = ThresholdSearch(rule: rule, model: model, widened: widenedCost)
        let outcome =
            settings.search == .exact
            ? search.exact(limit: limit.cost) : search.reference(target: limit.ratio)
        vectors = wiring.vectors.indices.map { index in
            Vector(
                name: wiring.vectors[index].name, length: wiring.vectors[index].length,
                kept: outcome.kept[index],
                floor: rule.floors[index], importance: Self.summary(importances[index]))
        }
        network = graph.name
        threshold = outcome.threshold
        self.measure = measure
        self.limit = limit.cost
        isReached = outcome.isReached
        self.baseline = Cost(baseline)
        widened = Cost(graph)
        pruned = widened
        pruned = Cost(try Surgery(graph: graph, wiring: wiring, plan: self).pruned)
    }

    /// Keeps everything.
    package init(keepingAllOf graph: Graph, wiring: LatentWiring) {
        network = graph.name
        vectors = wiring.vectors.map {
            Vector(
                name: $0.name, length: $0.length, kept: Array(0..<$0.length), floor: $0.length, importance: []
            )
        }
        threshold = 0
        baseline = Cost(graph)
        widened = baseline
        pruned = baseline
        measure = .flops
        limit = baseline.flops.convLinear
        isReached = true
    }

    /// Least, median and greatest; empty where they are not all finite, which only a vector that is not
    /// pruned may be.
    private static func summary(_ importances: [Float]) -> [Float] {
        let sorted = importances.sorted()
        guard let least = sorted.first, let greatest = sorted.last, sorted.allSatisfy(\.isFinite) else {
            return []
        }
        return [least, sorted[sorted.count / 2], greatest]
    }
}
