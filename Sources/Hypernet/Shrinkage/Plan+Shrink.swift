public import NeuralNet

extension Plan {
    /// Prunes: from the latent vectors at the end of the search phase to the channels that stay.
    ///
    /// - Parameters:
    ///   - graph: the widened network.
    ///   - baseline: the same network at width 1.
    ///   - latents: of each latent vector, in the order of `LatentWiring(graph)`.
    ///   - gradients: ∂L/∂z, likewise; may be empty where importance is magnitude.
    ///   - step: how many steps the search has taken.
    public init(
        shrinking graph: Graph, baseline: Graph, latents: [[Float]], gradients: [[Float]],
        settings: ShrinkSettings, step: Int = 0
    ) throws(ShrinkError) {
        try self.init(
            shrinking: graph, wiring: LatentWiring(graph), baseline: baseline, latents: latents,
            gradients: gradients, settings: settings, step: step)
    }

    /// With a wiring that is not the graph's.
    package init(
        shrinking graph: Graph, wiring: LatentWiring, baseline: Graph, latents: [[Float]],
        gradients: [[Float]], settings: ShrinkSettings, step: Int = 0
    ) throws(ShrinkError) {
        try settings.validate()
        let limit = try settings.budget.limit(of: graph, wiring, baseline: baseline)
        let importances = settings.importance.values(latents: latents, gradients: gradients)
        let rule = try KeepRule(importances: importances, vectors: wiring.vectors, settings: settings)
        let search = ThresholdSearch(rule: rule, model: limit.model, widened: limit.widened)
        let outcome =
            settings.search == .exact
            ? search.exact(limit: limit.cost) : search.reference(target: limit.ratio)
        self.init(
            cutting: graph, baseline: baseline,
            vectors: Self.vectors(wiring, kept: outcome.kept, rule),
            step: step, threshold: outcome.threshold, measure: settings.budget.measure, limit: limit.cost,
            isReached: outcome.isReached)
        try price(graph, wiring)
    }

    /// All but what follows from the vectors; see ``price(_:_:)``.
    init(
        cutting graph: Graph, baseline: Graph, vectors: [Vector], step: Int, threshold: Double,
        measure: Budget.Measure, limit: Int, isReached: Bool
    ) {
        network = graph.name
        self.step = step
        self.vectors = vectors
        layers = []
        self.threshold = threshold
        self.measure = measure
        self.limit = limit
        self.isReached = isReached
        self.baseline = Cost(baseline)
        widened = Cost(graph)
        pruned = widened
    }

    /// Finds the pruned network's layers and cost.
    /// - Throws: where the vectors are not those of `graph`.
    mutating func price(_ graph: Graph, _ wiring: LatentWiring) throws(ShrinkError) {
        let result = try Surgery(graph: graph, wiring: wiring, plan: self).pruned
        pruned = Cost(result)
        layers = Self.layers(graph, result)
    }

    /// Keeps everything.
    package init(keepingAllOf graph: Graph, wiring: LatentWiring) {
        let vectors = wiring.vectors.map {
            Vector(
                name: $0.name, length: $0.length, kept: Array(0..<$0.length), floor: $0.length, importance: []
            )
        }
        self.init(
            cutting: graph, baseline: graph, vectors: vectors, step: 0, threshold: 0, measure: .flops,
            limit: Complexity(graph).flops.convLinear, isReached: true)
        layers = Self.layers(graph, graph)
    }

    private static func layers(_ graph: Graph, _ pruned: Graph) -> [Layer] {
        zip(graph.nodes, pruned.nodes).compactMap { before, after in
            guard case .convolution(let old) = before.operation, case .convolution(let new) = after.operation
            else { return nil }
            return Layer(name: before.name, channels: new.outChannels, of: old.outChannels)
        }
    }

    static func vectors(
        _ wiring: LatentWiring, kept: [[Int]], _ rule: KeepRule
    ) -> [Vector] {
        wiring.vectors.indices.map { index in
            Vector(
                name: wiring.vectors[index].name, length: wiring.vectors[index].length, kept: kept[index],
                floor: rule.floors[index], importance: summary(rule.importances[index]))
        }
    }

    /// Least, quartiles and greatest; empty where they are not all finite, which only a vector that is not
    /// pruned may be.
    private static func summary(_ importances: [Float]) -> [Float] {
        let sorted = importances.sorted()
        guard !sorted.isEmpty, sorted.allSatisfy(\.isFinite) else { return [] }
        return (0...4).map { sorted[min(sorted.count * $0 / 4, sorted.count - 1)] }
    }
}
