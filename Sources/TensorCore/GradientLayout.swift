internal import CKernels
internal import COneDNN

/// Where the gradient of a weight lies as its pass leaves it, and the way to the plain layout.
enum GradientLayout: Sendable {
    case plain
    /// A matrix whose transpose, of `rows` × `columns`, is the plain layout.
    case transposed(rows: Int, columns: Int)
    /// The plain layout's element (row, column) lies at rows[row] + columns[column]; a row is an output
    /// channel.
    case blocked(rows: [Int32], columns: [Int32])

    /// From oneDNN's layout of `dimensions`: (group,) output channel, input channel, two of the kernel.
    init(_ native: dnnl_memory_desc_t, plain: dnnl_memory_desc_t, dimensions: [Int]) throws(EngineError) {
        if OneDNN.areEqual(plain, native) {
            self = .plain
            return
        }
        guard native.format_kind == dnnl_blocked, OneDNN.byteCount(native) / 4 <= Int(Int32.max) else {
            throw EngineError(
                operation: "index a weight", detail: "oneDNN's layout of \(dimensions) is not a known one")
        }
        // Each index adds its own part to an element's place, whatever the others are.
        let parts = dimensions.indices.map { dimension in
            (0..<dimensions[dimension]).map { Self.part(native, dimension: dimension, index: $0) }
        }
        let split = dimensions.count - 3
        self = .blocked(rows: Self.sums(parts[..<split]), columns: Self.sums(parts[split...]))
    }

    /// From integer sums in this layout to the plain one; padding is dropped.
    func unpack(_ sums: UnsafePointer<Int32>, into plain: UnsafeMutablePointer<Int32>, count: Int) {
        switch self {
        case .plain:
            plain.update(from: sums, count: count)
        case .transposed(let rows, let columns):
            espalier_int_transpose(sums, plain, columns, rows)
        case .blocked(let rows, let columns):
            for (row, start) in rows.enumerated() {
                espalier_int_gather(sums + Int(start), columns, plain + row * columns.count, columns.count)
            }
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
