/// One bar for each of many things with names.
struct BarChart {
    struct Bar {
        let name: String
        let value: Double
        let color: String
        let tip: String
    }

    let title: String
    let yTitle: String
    let bars: [Bar]
    let marks: [LineChart.Mark]
    /// What the colours mean.
    let legend: [(name: String, color: String)]

    private static let height = 260.0
    private static let left = 72.0
    private static let right = 24.0
    private static let top = 76.0
    private static let labelSize = 10.0
    private static let labelTurn = -60.0

    var svg: String {
        let pitch = max(6, min(28, 680 / Double(max(bars.count, 1))))
        let plotWidth = max(pitch * Double(bars.count), 420)
        let longest = bars.map { SVG.width(of: $0.name, size: Self.labelSize) }.max() ?? 0
        let bottom = Self.top + Self.height
        var svg = SVG(width: Self.left + plotWidth + Self.right, height: bottom + longest * 0.87 + 30)
        svg.text(title, Self.left, 24, size: 15, isBold: true)
        let values = bars.map(\.value) + marks.map(\.y) + [0]
        let range = RoundTicks.enclosing(values.min()!...values.max()!, about: 5)
        let y = PlotScale(domain: range, pixels: (bottom, Self.top))
        let ticks = RoundTicks(range, about: 5)
        svg.grid(ticks, y, from: Self.left, to: Self.left + plotWidth)
        let labelEvery = max(1, Int((13 / pitch).rounded(.up)))
        for (index, bar) in bars.enumerated() {
            let x = Self.left + pitch * (Double(index) + 0.5)
            let gap = pitch > 8 ? 2.0 : 1
            svg.rectangle(
                x - pitch / 2 + gap / 2, y(bar.value), pitch - gap, y(0) - y(bar.value), fill: bar.color,
                tip: bar.tip)
            guard index % labelEvery == 0 else { continue }
            svg.text(
                bar.name, x + 4, bottom + 12, anchor: .end, size: Self.labelSize, color: PlotColor.axis,
                turn: Self.labelTurn)
        }
        svg.line((Self.left, y(0)), (Self.left + plotWidth, y(0)), PlotColor.axis)
        for mark in marks {
            svg.line(
                (Self.left, y(mark.y)), (Self.left + plotWidth, y(mark.y)), PlotColor.ink, width: 1.2,
                dash: "5 4")
            svg.text(
                mark.name, Self.left + plotWidth, y(mark.y) - 5, anchor: .end, size: 11,
                color: PlotColor.ink)
        }
        svg.text(yTitle, Self.left, Self.top - 24, isBold: true)
        drawLegend(Self.left + plotWidth, &svg)
        return svg.document(title: title)
    }

    private func drawLegend(_ right: Double, _ svg: inout SVG) {
        var right = right
        for entry in legend.reversed() {
            right -= SVG.width(of: entry.name)
            svg.text(entry.name, right, Self.top - 24)
            svg.rectangle(right - 18, Self.top - 34, 12, 12, fill: entry.color)
            right -= 18 + 18
        }
    }
}
