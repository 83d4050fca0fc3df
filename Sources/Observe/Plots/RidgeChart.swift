/// Distributions of many sets of numbers, one row each, in columns with an axis each.
struct RidgeChart {
    struct Curve {
        let values: [Float]
        let color: String
        /// Whether what is under the curve is filled.
        let isFilled: Bool
    }

    struct Column {
        let title: String
        let domain: ClosedRange<Double>
        /// By row.
        let rows: [[Curve]]
        /// A vertical line to compare with.
        var mark: (name: String, x: Double)?
        /// What to write at a tick; nil: the number.
        var label: ((Double) -> String)?
    }

    let title: String
    let names: [String]
    let columns: [Column]
    let legend: [(name: String, color: String)]

    private static let columnWidth = 300.0
    private static let gap = 36.0
    private static let top = 88.0
    private static let places = 121

    var svg: String {
        let pitch = names.count <= 30 ? 26.0 : 15
        let size = pitch > 20 ? 11.0 : 9
        let left = 24 + (names.map { SVG.width(of: $0, size: size) }.max() ?? 0) + 12
        let bottom = Self.top + pitch * (Double(names.count) + 0.6)
        let count = Double(columns.count)
        var svg = SVG(
            width: left + Self.columnWidth * count + Self.gap * (count - 1) + 24, height: bottom + 46)
        svg.text(title, 24, 24, size: 15, isBold: true)
        drawLegend(&svg)
        for (row, name) in names.enumerated() {
            svg.text(
                name, left - 12, baseline(row, pitch) + 3, anchor: .end, size: size, color: PlotColor.axis)
        }
        for (index, column) in columns.enumerated() {
            let start = left + Double(index) * (Self.columnWidth + Self.gap)
            draw(column, from: start, to: bottom, pitch: pitch, &svg)
        }
        return svg.document(title: title)
    }

    private func baseline(_ row: Int, _ pitch: Double) -> Double { Self.top + pitch * (Double(row) + 1.2) }

    private func draw(
        _ column: Column, from left: Double, to bottom: Double, pitch: Double, _ svg: inout SVG
    ) {
        let x = PlotScale(domain: column.domain, pixels: (left, left + Self.columnWidth))
        svg.text(column.title, left, Self.top - 14, isBold: true)
        let ticks = RoundTicks(column.domain, about: 6)
        for value in ticks.values {
            svg.line((x(value), Self.top), (x(value), bottom), PlotColor.grid)
            svg.text(
                column.label?(value) ?? ticks.label(value), x(value), bottom + 18, anchor: .middle,
                color: PlotColor.axis)
        }
        for (row, curves) in column.rows.enumerated() {
            let y = baseline(row, pitch)
            svg.line((x.pixels.0, y), (x.pixels.1, y), PlotColor.grid)
            for curve in curves where !curve.values.isEmpty {
                let heights = Density.curve(curve.values, over: column.domain, count: Self.places)
                draw(curve, heights, y, x, pitch, &svg)
            }
        }
        guard let mark = column.mark else { return }
        svg.line((x(mark.x), Self.top), (x(mark.x), bottom), PlotColor.ink, width: 1.2, dash: "5 4")
        svg.text(mark.name, x(mark.x), Self.top - 4, anchor: .middle, size: 11)
    }

    /// Without the flat ends, which say nothing.
    private func draw(
        _ curve: Curve, _ heights: [Double], _ y: Double, _ x: PlotScale, _ pitch: Double, _ svg: inout SVG
    ) {
        guard let first = heights.firstIndex(where: { $0 > 0.005 }),
            let last = heights.lastIndex(where: { $0 > 0.005 })
        else { return }
        let step = (x.pixels.1 - x.pixels.0) / Double(heights.count - 1)
        let shown = max(0, first - 1)...min(heights.count - 1, last + 1)
        let points = shown.map { (x.pixels.0 + step * Double($0), y - heights[$0] * pitch * 1.15) }
        svg.polyline(
            points, curve.color, width: 1.2, fill: curve.isFilled ? (curve.color, 0.35) : nil)
    }

    private func drawLegend(_ svg: inout SVG) {
        var left = 24.0
        for entry in legend {
            svg.line((left, 44), (left + 22, 44), entry.color, width: 2.5)
            svg.text(entry.name, left + 28, 48)
            left += 28 + SVG.width(of: entry.name) + 22
        }
    }
}
