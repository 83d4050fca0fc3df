import Foundation

/// The distribution of each latent vector's elements at the start and at the end of the search, and of the
/// importances at its end.
public struct LatentsPlot {
    public struct Vector: Codable, Equatable, Sendable {
        public var name: String
        public var start: [Float]
        public var end: [Float]
        /// ∂L/∂z of the last step; empty where it is not known.
        public var gradient: [Float]

        public init(name: String, start: [Float], end: [Float], gradient: [Float]) {
            self.name = name
            self.start = start
            self.end = end
            self.gradient = gradient
        }
    }

    private let vectors: [Vector]
    private let threshold: Double?
    private let network: String
    private let step: Int

    /// - Parameters:
    ///   - threshold: on the magnitudes of the gradients; nil if it is on something else, or not known.
    ///   - step: of the search, at the end.
    public init(_ vectors: [Vector], step: Int, threshold: Double?, network: String) {
        self.vectors = vectors
        self.step = step
        self.threshold = threshold
        self.network = network
    }

    /// Nil where there is nothing to show.
    public var svg: String? {
        guard let greatest = vectors.flatMap({ $0.start + $0.end }).filter(\.isFinite).map(abs).max() else {
            return nil
        }
        let edge = min(Double(greatest).rounded(.up), 5)
        var columns = [
            RidgeChart.Column(
                title: "latent vectors z", domain: -max(edge, 1)...max(edge, 1),
                rows: vectors.map {
                    [
                        RidgeChart.Curve(values: $0.start, color: PlotColor.grey, isFilled: false),
                        RidgeChart.Curve(values: $0.end, color: PlotColor.blue, isFilled: true),
                    ]
                })
        ]
        if let importances { columns.append(importances) }
        return RidgeChart(
            title: "\(network): latent vectors", names: vectors.map(\.name), columns: columns,
            legend: [
                ("start of the search", PlotColor.grey),
                ("after \(step) step\(step == 1 ? "" : "s")", PlotColor.blue),
                ("magnitude of the gradient", PlotColor.green),
            ].dropLast(columns.count == 1 ? 1 : 0)
        ).svg
    }

    /// log₁₀ |∂L/∂z|.
    private var importances: RidgeChart.Column? {
        let rows = vectors.map { $0.gradient.map { log10(Swift.abs($0)) }.filter(\.isFinite) }
        let all = rows.flatMap { $0 }.sorted()
        guard let greatest = all.last else { return nil }
        // Few elements are far smaller than all others: they need not squeeze the rest.
        let least = min(all[all.count / 200], greatest - 1)
        var marks = threshold.flatMap { $0 > 0 ? log10($0) : nil }
        let domain = RoundTicks.enclosing(
            Double(least)...max(Double(greatest), marks ?? -.infinity), about: 6)
        if let mark = marks, !domain.contains(mark) { marks = nil }
        return RidgeChart.Column(
            title: "|∂L/∂z|", domain: domain,
            rows: rows.map { [RidgeChart.Curve(values: $0, color: PlotColor.green, isFilled: true)] },
            mark: marks.map { ("threshold", $0) }, label: Self.powerOfTen)
    }

    static func powerOfTen(_ exponent: Double) -> String {
        guard exponent == exponent.rounded() else { return "" }
        let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
        let text = String(Int(exponent.magnitude)).compactMap { $0.wholeNumberValue.map { digits[$0] } }
        return "10" + (exponent < 0 ? "⁻" : "") + String(text)
    }
}
