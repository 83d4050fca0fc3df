internal import COneDNN

/// Where a pass has the elements of a weight, or of its gradient. Element `column` of row `row` of the plain
/// weight, rows being its first dimension, lies at `rowStarts[row] + columns[column]`.
public struct WeightLayout: Equatable, Sendable {
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

    /// A matrix whose transpose, of `rows` × `rowLength`, is the plain layout.
    init(transposedRows rows: Int, rowLength: Int) {
        self.init(
            rowStarts: (0..<rows).map { Int32($0) }, columns: (0..<rowLength).map { Int32($0 * rows) })
    }

    /// oneDNN's layout of `sizes`: (groups,) output and input channels of a group, the kernel twice.
    init(_ native: dnnl_memory_desc_t, plain: dnnl_memory_desc_t, sizes: [Int]) throws(EngineError) {
        let split = sizes.count - 3
        if OneDNN.areEqual(plain, native) {
            self.init(
                rows: sizes[..<split].reduce(1, *), rowLength: sizes[split...].reduce(1, *))
            return
        }
        let parts = try Self.places(native, sizes: sizes)
        self.init(rowStarts: Self.sums(parts[..<split]), columns: Self.sums(parts[split...]))
    }

    /// oneDNN's layout of a weight turned round: `sizes` are those of (input, output, kernel, kernel), and
    /// each filter's taps are in reverse.
    init(turned native: dnnl_memory_desc_t, sizes: [Int]) throws(EngineError) {
        let parts = try Self.places(native, sizes: sizes)
        let taps = Array(Self.sums(parts[2...]).reversed())
        self.init(rowStarts: parts[1], columns: Self.sums([parts[0], taps][...]))
    }

    /// By dimension, what each index along it adds to an element's place, whatever the others are.
    static func places(
        _ native: dnnl_memory_desc_t, sizes: [Int]
    ) throws(EngineError) -> [[Int32]] {
        guard native.format_kind == dnnl_blocked, OneDNN.byteCount(native) <= Int(Int32.max) else {
            throw EngineError(
                operation: "index a weight", detail: "oneDNN's layout of \(sizes) is not a known one")
        }
        return sizes.indices.map { dimension in
            (0..<sizes[dimension]).map { part(native, dimension: dimension, index: $0) }
        }
    }

    /// What `index` along `dimension` adds to an element's place.
    private static func part(_ layout: dnnl_memory_desc_t, dimension: Int, index: Int) -> Int32 {
        let blocking = layout.format_desc.blocking
        return withUnsafeBytes(of: blocking.strides) { strides in
            withUnsafeBytes(of: blocking.inner_blks) { sizes in
                withUnsafeBytes(of: blocking.inner_idxs) { owners in
                    var (rest, place, scale) = (index, 0, 1)
                    // Blocks within blocks, the innermost last.
                    for block in (0..<Int(blocking.inner_nblks)).reversed() {
                        let size = Int(sizes.load(fromByteOffset: 8 * block, as: Int64.self))
                        if owners.load(fromByteOffset: 8 * block, as: Int64.self) == Int64(dimension) {
                            place += rest % size * scale
                            rest /= size
                        }
                        scale *= size
                    }
                    let stride = Int(strides.load(fromByteOffset: 8 * dimension, as: Int64.self))
                    return Int32(place + rest * stride)
                }
            }
        }
    }

    /// All sums of one number from each list, the last list's running fastest.
    private static func sums(_ parts: ArraySlice<[Int32]>) -> [Int32] {
        parts.reduce([0]) { sums, list in sums.flatMap { sum in list.map { sum + $0 } } }
    }
}
