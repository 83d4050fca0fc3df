/// A picture as text: the few shapes that the plots need. The origin is the upper left corner, y grows
/// downwards, units are pixels. What is not asked for here has the document's defaults: see ``document``.
struct SVG {
    enum Anchor: String {
        case start, middle, end
    }

    let width: Double
    let height: Double
    private var body = ""
    private var clips = 0

    init(width: Double, height: Double) {
        self.width = width
        self.height = height
    }

    /// - Parameter dash: lengths of strokes and gaps, such as `4 3`; nil: whole.
    mutating func line(
        _ from: (x: Double, y: Double), _ to: (x: Double, y: Double), _ color: String, width: Double = 1,
        dash: String? = nil
    ) {
        let dashes = dash.map { " stroke-dasharray=\"\($0)\"" } ?? ""
        add(
            "<line x1=\"\(Self.number(from.x))\" y1=\"\(Self.number(from.y))\" x2=\"\(Self.number(to.x))\" "
                + "y2=\"\(Self.number(to.y))\" stroke=\"\(color)\" stroke-width=\"\(Self.number(width))\""
                + "\(dashes)/>")
    }

    /// - Parameter tip: shown where the pointer rests on it.
    mutating func rectangle(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, fill: String, tip: String? = nil
    ) {
        let head =
            "<rect x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" width=\"\(Self.number(width))\" "
            + "height=\"\(Self.number(height))\" fill=\"\(fill)\""
        add(tip.map { "\(head)><title>\(Self.escaped($0))</title></rect>" } ?? "\(head)/>")
    }

    mutating func circle(_ x: Double, _ y: Double, radius: Double, fill: String) {
        add(
            "<circle cx=\"\(Self.number(x))\" cy=\"\(Self.number(y))\" r=\"\(Self.number(radius))\" "
                + "fill=\"\(fill)\"/>")
    }

    /// Lines from point to point; nothing where there are less than two.
    /// - Parameter fill: of what they enclose, with its opacity; nil: none.
    mutating func polyline(
        _ points: [(x: Double, y: Double)], _ color: String, width: Double = 1.5,
        fill: (color: String, opacity: Double)? = nil
    ) {
        guard points.count > 1 else { return }
        let path = points.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " ")
        let inside =
            fill.map { "fill=\"\($0.color)\" fill-opacity=\"\(Self.number($0.opacity, digits: 2))\"" }
            ?? "fill=\"none\""
        add(
            "<polyline points=\"\(path)\" \(inside) stroke=\"\(color)\" "
                + "stroke-width=\"\(Self.number(width))\" stroke-linejoin=\"round\"/>")
    }

    /// - Parameters:
    ///   - y: of the line that letters stand on.
    ///   - turn: degrees clockwise around (x, y).
    mutating func text(
        _ text: String, _ x: Double, _ y: Double, anchor: Anchor = .start, size: Double = 12,
        color: String = PlotColor.ink, isBold: Bool = false, turn: Double = 0
    ) {
        let turning =
            turn == 0
            ? "" : " transform=\"rotate(\(Self.number(turn)) \(Self.number(x)) \(Self.number(y)))\""
        add(
            "<text x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" text-anchor=\"\(anchor.rawValue)\" "
                + "font-size=\"\(Self.number(size))\" fill=\"\(color)\""
                + (isBold ? " font-weight=\"bold\"" : "") + turning + ">\(Self.escaped(text))</text>")
    }

    /// Lines across at the ticks of `y`, with their labels on the left.
    mutating func grid(_ ticks: RoundTicks, _ y: PlotScale, from left: Double, to right: Double) {
        for value in ticks.values {
            line((left, y(value)), (right, y(value)), PlotColor.grid)
            text(ticks.label(value), left - 8, y(value) + 4, anchor: .end, color: PlotColor.axis)
        }
    }

    /// What `body` draws is cut off at the rectangle.
    mutating func clipped(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ body: (inout SVG) -> Void
    ) {
        clips += 1
        let shape =
            "<rect x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" width=\"\(Self.number(width))\" "
            + "height=\"\(Self.number(height))\"/>"
        add("<clipPath id=\"clip\(clips)\">\(shape)</clipPath><g clip-path=\"url(#clip\(clips))\">")
        body(&self)
        add("</g>")
    }

    /// The whole file, on a white ground.
    /// - Parameter title: for whoever cannot see it.
    func document(title: String) -> String {
        let (width, height) = (Self.number(width), Self.number(height))
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" \
            viewBox="0 0 \(width) \(height)" font-family="Helvetica, Arial, sans-serif">
            <title>\(Self.escaped(title))</title>
            <rect width="\(width)" height="\(height)" fill="#ffffff"/>
            \(body)</svg>

            """
    }

    /// About how wide a text is: fonts differ.
    static func width(of text: String, size: Double = 12) -> Double {
        text.reduce(0) { sum, letter in
            let share = "fijlrt.,:;'|! ()".contains(letter) ? 0.32 : "mwMW%".contains(letter) ? 0.87 : 0.57
            return sum + share * size
        }
    }

    private mutating func add(_ element: String) { body += element + "\n" }

    /// With one digit after the point, more than eyes see; without one where it is 0.
    static func number(_ value: Double, digits: Int = 1) -> String {
        guard value.isFinite else { return "0" }
        let text = Show.decimals(value, digits)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\u{0}"..<" ", "\u{fffe}", "\u{ffff}": result += "?"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
