/// A table for the terminal: titles, a rule, rows; columns as wide as their widest cell.
public struct TextTable: CustomStringConvertible, Sendable {
    public enum Alignment: Sendable {
        case left
        /// For numbers.
        case right
    }

    private let titles: [String]
    private let alignments: [Alignment]
    private var rows: [[String]] = []

    public init(_ columns: [(title: String, alignment: Alignment)]) {
        titles = columns.map(\.title)
        alignments = columns.map(\.alignment)
    }

    /// Adds a row; cells that are missing stay empty, those beyond the last column are left out.
    public mutating func add(_ cells: [String]) {
        rows.append(titles.indices.map { $0 < cells.count ? cells[$0] : "" })
    }

    public var description: String {
        let widths = titles.indices.map { column in
            rows.reduce(titles[column].count) { max($0, $1[column].count) }
        }
        let rule = widths.map { String(repeating: "-", count: $0) }
        return ([titles, rule] + rows).map { line($0, widths) }.joined(separator: "\n")
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        let padded = cells.indices.map { column in
            let space = String(repeating: " ", count: widths[column] - cells[column].count)
            return alignments[column] == .left ? cells[column] + space : space + cells[column]
        }
        let text = padded.joined(separator: "  ")
        return String(text.reversed().drop { $0 == " " }.reversed())
    }
}
