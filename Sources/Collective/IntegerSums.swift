import CKernels

/// Sums of shards that one worker holds.
public enum IntegerSums {
    /// Adds `values` to `sums`, wrapping; equally many.
    public static func add(
        _ values: UnsafeBufferPointer<Int32>, to sums: UnsafeMutableBufferPointer<Int32>
    ) {
        precondition(values.count == sums.count, "\(values.count) and \(sums.count) elements")
        guard let target = sums.baseAddress, let source = values.baseAddress else { return }
        espalier_int_add(target, source, values.count)
    }
}
