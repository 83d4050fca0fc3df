/// Finds what a mistyped name may have meant.
enum EditDistance {
    /// Names longer than this are cut before comparing, so that a hostile name costs little.
    private static let lengthMax = 64

    /// The `count` candidates that take the fewest insertions, deletions and substitutions; ties in the given
    /// order.
    static func nearest(to name: String, among candidates: [String], count: Int = 3) -> [String] {
        candidates.enumerated()
            .map { (distance: between(name, $0.element), index: $0.offset, name: $0.element) }
            .sorted { ($0.distance, $0.index) < ($1.distance, $1.index) }
            .prefix(count).map(\.name)
    }

    static func between(_ first: String, _ second: String) -> Int {
        let first = Array(first.lowercased().unicodeScalars.prefix(lengthMax))
        let second = Array(second.lowercased().unicodeScalars.prefix(lengthMax))
        var previous = Array(0...second.count)
        for (row, scalar) in first.enumerated() {
            var current = [row + 1]
            for (column, other) in second.enumerated() {
                let substituted = previous[column] + (scalar == other ? 0 : 1)
                current.append(min(substituted, previous[column + 1] + 1, current[column] + 1))
            }
            previous = current
        }
        return previous[second.count]
    }
}
