public import Hypernet

extension LatentWiring.Side {
    /// The vector of a side of one part.
    public var vector: Int { parts[0].vector }

    /// One value a channel of one value a latent element.
    public func expanding<Value>(_ vectors: [[Value]]) -> [Value] {
        parts.flatMap { part in
            (0..<part.tiles).flatMap { _ in
                vectors[part.vector].flatMap { [Value](repeating: $0, count: part.repeats) }
            }
        }
    }
}
