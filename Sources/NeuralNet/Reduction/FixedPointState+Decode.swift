import CKernels
public import TensorCore

extension FixedPointState {
    /// A step's gradients and statistics as fp32; the metrics are left out. The same bits for any number of
    /// threads.
    /// - Parameters:
    ///   - reduced: sums coded with these exponents, in the reduction layout's order.
    ///   - values: `layout.metricsOffset` elements, overwritten.
    public func decode(
        _ reduced: UnsafePointer<Int32>, into values: UnsafeMutablePointer<Float>, layout: ReductionLayout,
        pool: ComputePool
    ) {
        let (reduced, values) = (SharedPointer(reduced), SharedMutablePointer(values))
        let threads = pool.threads
        pool.run { thread in
            let own = thread * layout.metricsOffset / threads..<(thread + 1) * layout.metricsOffset / threads
            for (index, segment) in layout.segments.enumerated() {
                let range = segment.range.clamped(to: own)
                guard !range.isEmpty else { continue }
                espalier_fixed_decode(
                    reduced.pointer + range.lowerBound, values.pointer + range.lowerBound, range.count,
                    inverseScale(of: index))
            }
        }
    }
}
