/// Which elements stay at a threshold T: those with importance ≥ min(T, k-th largest of their vector),
/// compared in fp32, ties kept; all of a vector whose floor k is its length.
///
/// Vectors that the classifier reads side by side, n elements together, also have a floor together: those
/// with importance ≥ the ⌊τn⌋-th largest of all of them stay.
package struct KeepRule: Sendable {
    package let importances: [[Float]]
    /// Descending.
    private let sorted: [[Float]]
    /// What is as important stays: the k-th largest importance; nil: the whole vector stays.
    private let bounds: [Float?]
    /// The elements of each vector that stay whatever the threshold.
    package let floors: [Int]

    package init(
        importances: [[Float]], vectors: [LatentWiring.Vector], settings: ShrinkSettings
    ) throws(ShrinkError) {
        precondition(
            importances.map(\.count) == vectors.map(\.length),
            "importances of \(importances.map(\.count)) elements for vectors of \(vectors.map(\.length))")
        let sorted = importances.map { $0.sorted(by: >) }
        var floors = vectors.map(settings.floor)
        var bounds: [Float?] = zip(zip(sorted, vectors), floors).map { pair, floor in
            floor == pair.1.length ? nil : pair.0[floor - 1]
        }
        for (index, vector) in vectors.enumerated() where bounds[index] != nil {
            guard importances[index].allSatisfy(\.isFinite) else { throw .importance(vector: vector.name) }
        }
        let slices = vectors.indices.filter { vectors[$0].sharesClassifier && bounds[$0] != nil }
        if let tau = settings.tau, let common = Self.bound(of: slices.map { sorted[$0] }, share: tau) {
            for index in slices {
                floors[index] = max(floors[index], Self.prefix(of: sorted[index], atLeast: common))
                bounds[index] = bounds[index].map { min($0, common) }
            }
        }
        self.importances = importances
        self.sorted = sorted
        self.bounds = bounds
        self.floors = floors
    }

    /// The ⌊share · n⌋-th largest of all n values of some vectors, at least the first; nil without values.
    private static func bound(of vectors: [[Float]], share: Double) -> Float? {
        let values = vectors.joined().sorted(by: >)
        return values.isEmpty ? nil : values[max(Int(share * Double(values.count)), 1) - 1]
    }

    package func counts(_ threshold: Float) -> [Int] {
        sorted.indices.map { vector in
            guard let bound = bounds[vector] else { return sorted[vector].count }
            return Self.prefix(of: sorted[vector], atLeast: min(threshold, bound))
        }
    }

    /// The indices that stay, ascending.
    package func kept(_ threshold: Float) -> [[Int]] {
        importances.indices.map { vector in
            guard let bound = bounds[vector] else { return Array(importances[vector].indices) }
            return importances[vector].indices.filter { importances[vector][$0] >= min(threshold, bound) }
        }
    }

    /// Thresholds between which the counts change: every importance that a threshold can cut above,
    /// ascending, and one above all of them.
    package var candidates: [Float] {
        var values = Set<Float>()
        for (vector, bound) in bounds.enumerated() where bound != nil {
            values.formUnion(importances[vector])
        }
        let ascending = values.sorted()
        return [0] + ascending + [(ascending.last ?? 0).nextUp]
    }

    private static func prefix(of descending: [Float], atLeast bound: Float) -> Int {
        var (low, high) = (0, descending.count)
        while low < high {
            let middle = (low + high) / 2
            if descending[middle] >= bound { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
