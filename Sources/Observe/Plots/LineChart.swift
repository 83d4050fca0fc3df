/// Panels above each other over one x axis: curves and single measurements.
struct LineChart {
    struct Series {
        let name: String
        let color: String
        let points: [(x: Double, y: Double)]
        /// With a dot at each point.
        var hasDots = false
        var width = 1.5
    }

    /// A horizontal line to compare with.
    struct Mark {
        let name: String
        let y: Double
    }

    struct Panel {
        let title: String
        var series: [Series]
        var marks: [Mark] = []
        /// Where the y axis begins at the latest, and ends at the latest; what lies beyond is cut off.
        var from: Double?
        var most: Double?
    }

    let title: String
    let xTitle: String
    let panels: [Panel]
    /// Nothing lies between two whole x.
    var hasWholeX = false

    private static let width = 760.0
    private static let panelHeight = 200.0
    private static let left = 72.0
    private static let right = 24.0
    private static let top = 40.0
    private static let legendHeight = 36.0
    private static let bottom = 50.0

    var svg: String {
        let stride = Self.panelHeight + Self.legendHeight
        var svg = SVG(width: Self.width, height: Self.top + stride * Double(panels.count) + Self.bottom)
        svg.text(title, Self.left, 24, size: 15, isBold: true)
        let xs = panels.flatMap { $0.series.flatMap { $0.points.map(\.x) } }.filter(\.isFinite)
        let domain = (xs.min() ?? 0)...(xs.max() ?? 1)
        let ticks = RoundTicks(domain, about: 8, least: hasWholeX ? 1 : 0)
        let whole = domain.lowerBound < domain.upperBound ? domain : ticks.values[0]...(ticks.values.last!)
        let x = PlotScale(domain: whole, pixels: (Self.left, Self.width - Self.right))
        for (index, panel) in panels.enumerated() {
            let top = Self.top + stride * Double(index) + Self.legendHeight
            draw(panel, top: top, x: x, ticks: ticks, isLast: index == panels.count - 1, &svg)
        }
        svg.text(
            xTitle, (x.pixels.0 + x.pixels.1) / 2, svg.height - 12, anchor: .middle, color: PlotColor.axis)
        return svg.document(title: title)
    }

    private func draw(
        _ panel: Panel, top: Double, x: PlotScale, ticks: RoundTicks, isLast: Bool, _ svg: inout SVG
    ) {
        let bottom = top + Self.panelHeight
        let values = panel.series.flatMap { $0.points.map(\.y) } + panel.marks.map(\.y)
        let finite = values.filter(\.isFinite) + (panel.from.map { [$0] } ?? [])
        let most = max(min(finite.max() ?? 1, panel.most ?? .infinity), finite.min() ?? 0)
        let range = RoundTicks.enclosing((finite.min() ?? 0)...most, about: 5)
        let y = PlotScale(domain: range, pixels: (bottom, top))
        let yTicks = RoundTicks(range, about: 5)
        svg.grid(yTicks, y, from: x.pixels.0, to: x.pixels.1)
        for value in ticks.values where x.domain.contains(value) {
            svg.line((x(value), bottom), (x(value), bottom + 5), PlotColor.axis)
            guard isLast else { continue }
            svg.text(ticks.label(value), x(value), bottom + 19, anchor: .middle, color: PlotColor.axis)
        }
        svg.line((x.pixels.0, bottom), (x.pixels.1, bottom), PlotColor.axis)
        for mark in panel.marks {
            svg.line(
                (x.pixels.0, y(mark.y)), (x.pixels.1, y(mark.y)), PlotColor.axis, width: 1.2, dash: "5 4")
            svg.text(
                mark.name, x.pixels.0 + 4, y(mark.y) - 5, size: 11, color: PlotColor.axis)
        }
        // Dots on the edges are whole.
        svg.clipped(x.pixels.0 - 4, top - 4, x.pixels.1 - x.pixels.0 + 8, bottom - top + 8) { svg in
            for series in panel.series { draw(series, x, y, &svg) }
        }
        svg.text(panel.title, x.pixels.0, top - 10, isBold: true)
        legend(panel.series, x.pixels.1, top - 10, &svg)
    }

    private func draw(_ series: Series, _ x: PlotScale, _ y: PlotScale, _ svg: inout SVG) {
        let points = series.points.filter { $0.x.isFinite && $0.y.isFinite }.map { (x($0.x), y($0.y)) }
        svg.polyline(points, series.color, width: series.width)
        guard series.hasDots || points.count == 1 else { return }
        for point in points { svg.circle(point.0, point.1, radius: 2.6, fill: series.color) }
    }

    /// From right to left.
    private func legend(_ series: [Series], _ right: Double, _ y: Double, _ svg: inout SVG) {
        var right = right
        for series in series.reversed() where !series.points.isEmpty && !series.name.isEmpty {
            right -= SVG.width(of: series.name)
            svg.text(series.name, right, y)
            svg.line((right - 28, y - 4), (right - 6, y - 4), series.color, width: 2.5)
            if series.hasDots { svg.circle(right - 17, y - 4, radius: 3, fill: series.color) }
            right -= 28 + 18
        }
    }
}
