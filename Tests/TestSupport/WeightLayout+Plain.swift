package import TensorCore

extension WeightLayout {
    /// A gradient in this layout, in the plain one.
    package func plain(_ native: UnsafePointer<Float>) -> [Float] {
        (0..<rows * rowLength).map { index in
            native[isPlain ? index : Int(rowStarts[index / rowLength] + columns[index % rowLength])]
        }
    }
}
