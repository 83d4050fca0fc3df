public import NeuralNet

extension Plan {
    /// The control without any choice: every prunable vector keeps the same share of its elements, the first
    /// ones, at least 1. The share is the largest whose network is within the budget.
    ///
    /// - Parameters:
    ///   - graph: the widened network.
    ///   - baseline: the same network at width 1.
    public init(uniform graph: Graph, baseline: Graph, budget: Budget) throws(ShrinkError) {
        let wiring = LatentWiring(graph)
        let limit = try budget.limit(of: graph, wiring, baseline: baseline)
        let shares = Share.all(of: wiring.vectors.filter(\.isPrunable).map(\.length))
        func fits(_ index: Int) -> Bool {
            limit.model.cost(wiring.vectors.map { shares[index].count(of: $0) }) <= limit.cost
        }
        // More is never cheaper, so the shares that fit come first.
        var (low, high) = (0, shares.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if fits(middle) { low = middle } else { high = middle - 1 }
        }
        let vectors = wiring.vectors.map { vector in
            Vector(
                name: vector.name, length: vector.length, kept: Array(0..<shares[low].count(of: vector)),
                floor: vector.isPrunable ? 1 : vector.length, importance: [])
        }
        self.init(
            cutting: graph, baseline: baseline, vectors: vectors, step: 0, threshold: 0,
            measure: budget.measure, limit: limit.cost, isReached: fits(low))
        try price(graph, wiring)
    }

    /// The whole number `kept` of `length`: exact, where a floating-point share would sometimes lose one.
    private struct Share {
        let kept: Int
        let length: Int

        /// Every share at which some vector of these lengths gains an element, ascending.
        static func all(of lengths: [Int]) -> [Share] {
            let sorted = Set(lengths).flatMap { length in (0...length).map { Share(kept: $0, length: length) }
            }
            .sorted { ($0.kept * $1.length, $0.length) < ($1.kept * $0.length, $1.length) }
            var result: [Share] = []
            for share in sorted where result.last.map({ !$0.equals(share) }) ?? true { result.append(share) }
            return result.isEmpty ? [Share(kept: 1, length: 1)] : result
        }

        private func equals(_ other: Share) -> Bool { kept * other.length == other.kept * length }

        /// Elements of a vector that stay.
        func count(of vector: LatentWiring.Vector) -> Int {
            vector.isPrunable ? max(1, kept * vector.length / length) : vector.length
        }
    }
}
