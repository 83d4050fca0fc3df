public import NeuralNet

extension Plan {
    /// What somebody wants of one latent vector.
    public struct Wish: Equatable, Sendable {
        public enum Kept: Equatable, Sendable {
            /// The first so many.
            case first(Int)
            case indices([Int])
        }

        public var vector: String
        public var kept: Kept

        public init(vector: String, kept: Kept) {
            self.vector = vector
            self.kept = kept
        }
    }

    /// A plan that somebody else made. Vectors that are never pruned may be left out.
    ///
    /// - Parameters:
    ///   - network: the name of the network that the plan is for.
    ///   - graph: the widened network.
    ///   - baseline: the same network at width 1.
    /// - Throws: what does not fit the network.
    public init(given wishes: [Wish], of network: String, graph: Graph, baseline: Graph) throws(ShrinkError) {
        guard network == graph.name else {
            throw .plan("it is for \(network), the network is \(graph.name)")
        }
        let wiring = LatentWiring(graph)
        var kept: [String: [Int]] = [:]
        for wish in wishes {
            guard let vector = wiring.vectors.first(where: { $0.name == wish.vector }) else {
                let known = wiring.vectors.prefix(4).map(\.name).joined(separator: ", ")
                throw .plan("the network has no latent vector \"\(wish.vector)\"; it has \(known) and so on")
            }
            guard kept[vector.name] == nil else { throw .plan("\(vector.name) is there twice") }
            kept[vector.name] = try Self.indices(wish.kept, of: vector)
        }
        if let missing = wiring.vectors.first(where: { $0.isPrunable && kept[$0.name] == nil }) {
            throw .plan("it does not say what \(missing.name) keeps, a latent vector of \(missing.length)")
        }
        let vectors = wiring.vectors.map { vector in
            Vector(
                name: vector.name, length: vector.length, kept: kept[vector.name] ?? Array(0..<vector.length),
                floor: vector.isPrunable ? 1 : vector.length, importance: [])
        }
        self.init(
            cutting: graph, baseline: baseline, vectors: vectors, step: 0, threshold: 0, measure: .flops,
            limit: 0, isReached: true)
        try price(graph, wiring)
        limit = pruned.flops.convLinear
    }

    private static func indices(
        _ kept: Wish.Kept, of vector: LatentWiring.Vector
    ) throws(ShrinkError) -> [Int] {
        guard case .first(let count) = kept else {
            guard case .indices(let indices) = kept else { return [] }
            return indices
        }
        guard (1...vector.length).contains(count) else {
            throw .plan(
                "\(count) channels of \(vector.name), which has \(vector.length): is the width right?")
        }
        return Array(0..<count)
    }
}
