/// What the network would cost if the search ended at each of its steps.
public struct SearchPlot {
    /// FLOPs and parameters, convolutions and linear layers.
    public struct Cost: Equatable, Sendable {
        public var flops: Double
        public var parameters: Double

        public init(flops: Int, parameters: Int) {
            self.flops = Double(flops)
            self.parameters = Double(parameters)
        }
    }

    /// How the search ended.
    public struct End: Equatable, Sendable {
        public var step: Int
        public var baseline: Cost
        public var widened: Cost
        public var pruned: Cost

        public init(step: Int, baseline: Cost, widened: Cost, pruned: Cost) {
            self.step = step
            self.baseline = baseline
            self.widened = widened
            self.pruned = pruned
        }
    }

    private let checks: [RunHistory.Check]
    private let end: End?
    private let network: String

    /// - Parameter end: nil while the search goes on.
    public init(_ history: RunHistory, end: End?, network: String) {
        checks = history.checks.filter { $0.step <= end?.step ?? .max }
        self.end = end
        self.network = network
    }

    /// Nil where nothing was searched for, or nothing is known yet.
    public var svg: String? {
        guard !checks.isEmpty || end?.step ?? 0 > 0 else { return nil }
        let flops = panel("FLOPs", \.flops, checks.map { (Double($0.step), $0.flops) }, PlotColor.blue)
        let parameters = panel(
            "parameters", \.parameters, checks.map { (Double($0.step), $0.parameters) }, PlotColor.green)
        return LineChart(
            title: "\(network): cost during the search", xTitle: "step of the search",
            panels: [flops, parameters], hasWholeX: true
        ).svg
    }

    private func panel(
        _ what: String, _ path: KeyPath<Cost, Double>, _ checks: [(Double, Double)], _ color: String
    ) -> LineChart.Panel {
        var points = checks
        if let end {
            if points.first?.0 != 0 { points.insert((0, end.widened[keyPath: path]), at: 0) }
            points.removeAll { $0.0 == Double(end.step) }
            points.append((Double(end.step), end.pruned[keyPath: path]))
        }
        let unit = Self.unit(points.map(\.1).max() ?? 1)
        let series = LineChart.Series(
            name: checks.isEmpty ? "" : "if the search ended here", color: color,
            points: points.map { (x: $0.0, y: $0.1 / unit.size) }, hasDots: points.count <= 60)
        let marks = end.map { [LineChart.Mark(name: "baseline", y: $0.baseline[keyPath: path] / unit.size)] }
        return LineChart.Panel(
            title: "\(what), \(unit.name)", series: [series], marks: marks ?? [], from: 0)
    }

    private static func unit(_ most: Double) -> (name: String, size: Double) {
        switch most {
        case 1e9...: ("10⁹", 1e9)
        case 1e6...: ("10⁶", 1e6)
        case 1e4...: ("10³", 1e3)
        default: ("count", 1)
        }
    }
}
