public import NeuralNet
import Randomness

extension Plan {
    /// A random plan: the control without a search, and something of odd widths to measure.
    ///
    /// Each vector keeps another share of its elements, drawn at random: the importance of an element is uᵉ,
    /// with u uniform in (0, 1) and an exponent e of its vector, log-uniform from ½ to 2. One threshold for
    /// all then gives the most expensive network within the share, so no vector is emptied before the others.
    ///
    /// - Parameters:
    ///   - graph: the widened network.
    ///   - baseline: the same network at width 1.
    ///   - share: of the widened network's FLOPs, in (0, 1].
    ///   - seed: the same plan for the same seed, network and share.
    public init(random graph: Graph, baseline: Graph, share: Double, seed: UInt64) throws(ShrinkError) {
        try self.init(
            random: graph, baseline: baseline, settings: ShrinkSettings(budget: .ratio(share)), seed: seed)
    }

    /// The same with any budget and floors; importance and search of `settings` do not matter.
    public init(random graph: Graph, baseline: Graph, settings: ShrinkSettings, seed: UInt64)
        throws(ShrinkError)
    {
        var settings = settings
        (settings.importance, settings.search) = (.magnitude, .exact)
        let importances = LatentWiring(graph).vectors.map { vector in
            let random = CounterRandom(seed: seed, stream: CounterRandom.stream("plan \(vector.name)"))
            let exponent = SeriesMath.exponential((2 * random.uniform(0) - 1) * SeriesMath.logarithm(2))
            return (0..<vector.length).map { index in
                let logarithm = SeriesMath.logarithm(random.uniform(UInt64(index + 1)))
                return Float(SeriesMath.exponential(exponent * logarithm))
            }
        }
        try self.init(
            shrinking: graph, baseline: baseline, latents: importances, gradients: importances,
            settings: settings)
    }
}
