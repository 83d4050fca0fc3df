internal import CKernels

/// The weight's gradient of a convolution in fp32, by loops of our own that gather the inputs of a stretch of
/// pixels into the order in which they are summed.
struct GatheredWeights: Sendable {
    private let shape: espalier_convolution_shape
    /// Whether it is the transpose, with the input in place of the output's gradient; of 1×1 convolutions.
    private let isTransposed: Bool

    init(_ geometry: ConvolutionGeometry) {
        let shape = geometry.shape
        let isTransposed =
            geometry.isPointwise
            && Self.cost(rows: shape.in_channels, columns: shape.out_channels)
                < Self.cost(rows: shape.out_channels, columns: shape.in_channels)
        self.shape = isTransposed ? shape.exchanged : shape
        self.isTransposed = isTransposed
    }

    /// Vectors of sums, one of which alone takes twice the time; gathering a row costs more than a column.
    private static func cost(rows: Int, columns: Int) -> Int {
        let vectors = (columns + 15) / 16
        return 16 * max(vectors, 2) * rows + rows
    }

    /// Where the elements of the weight's gradient lie.
    var gradientLayout: WeightLayout {
        let (rows, channels, taps) = (shape.out_channels, shape.in_channels, shape.kernel * shape.kernel)
        if isTransposed { return WeightLayout(transposedRows: channels, rowLength: rows) }
        if taps == 1 { return WeightLayout(rows: rows, rowLength: channels) }
        return WeightLayout(
            rowStarts: (0..<rows).map { Int32($0 * channels * taps) },
            columns: (0..<channels * taps).map { Int32($0 % taps * channels + $0 / taps) })
    }

    var scratchByteCount: Int { withUnsafePointer(to: shape) { espalier_gathered_weights_scratch($0) } }

    /// - Parameter scratch: has `scratchByteCount` bytes.
    func run(
        _ input: UnsafeRawPointer, _ outputGradient: UnsafeRawPointer,
        _ weightGradient: UnsafeMutablePointer<Float>, _ scratch: Scratch, adds: Bool
    ) {
        let (columns, rows) = isTransposed ? (outputGradient, input) : (input, outputGradient)
        withUnsafePointer(to: shape) {
            espalier_gathered_weights(
                $0, columns.assumingMemoryBound(to: Float.self), rows.assumingMemoryBound(to: Float.self),
                scratch.memory.pointer, weightGradient, adds ? 1 : 0)
        }
    }
}

extension espalier_convolution_shape {
    /// Of a 1×1 convolution, the one from its output's channels to its input's.
    fileprivate var exchanged: espalier_convolution_shape {
        var shape = self
        swap(&shape.in_channels, &shape.out_channels)
        return shape
    }
}
