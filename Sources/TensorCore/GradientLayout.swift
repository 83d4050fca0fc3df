/// Where a pass leaves the elements of a weight's gradient. Element `column` of row `row` of the plain weight, rows
/// being its first dimension, lies at `rowStarts[row] + columns[column]`.
public struct GradientLayout: Equatable, Sendable {
    public let rows: Int
    public let rowLength: Int
    /// Both empty if the layout is the plain one.
    public let rowStarts: [Int32]
    public let columns: [Int32]

    public var isPlain: Bool { rowStarts.isEmpty }

    /// The plain layout.
    public init(rows: Int, rowLength: Int) {
        self.rows = rows
        self.rowLength = rowLength
        rowStarts = []
        columns = []
    }

    public init(rowStarts: [Int32], columns: [Int32]) {
        precondition(!rowStarts.isEmpty && !columns.isEmpty, "a layout of nothing")
        rows = rowStarts.count
        rowLength = columns.count
        self.rowStarts = rowStarts
        self.columns = columns
    }

    /// - Parameter positions: where each element of the plain weight lies. In oneDNN's layouts every index of the
    ///   weight moves the place by an amount of its own, whatever the others are.
    init(positions: [Int32], rows: Int) {
        let length = positions.count / rows
        self.init(
            rowStarts: (0..<rows).map { positions[$0 * length] - positions[0] },
            columns: Array(positions[..<length]))
        for (index, position) in positions.enumerated() {
            let found = rowStarts[index / length] + columns[index % length]
            precondition(found == position, "element \(index) lies at \(position), not \(found)")
        }
    }
}
