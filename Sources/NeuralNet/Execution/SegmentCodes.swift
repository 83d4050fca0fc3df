import TensorCore

/// By segment: where its sums lie in a thread's own memory, and how contributions to it are coded in this
/// step.
struct SegmentCodes: ~Copyable {
    /// Each segment's first element; metrics have no place here.
    let offsets: [Int]
    /// Elements of all segments in their native layouts, padding included.
    let count: Int
    let scales: AlignedBuffer<Float>
    let limits: AlignedBuffer<Float>

    init(_ layout: ReductionLayout, program: Program, kernels: [ConvolutionKernel]) {
        var native: [Int: Int] = [:]
        for (layer, kernel) in zip(program.convolutions, kernels) {
            native[layer.weight] = kernel.weightGradientCount
        }
        var count = 0
        offsets = layout.segments.indices.map { index in
            let segment = layout.segments[index]
            guard segment.kind != .metric else { return count }
            defer { count += MemoryPlan.aligned(native[index] ?? segment.count, of: .fp32) }
            return count
        }
        self.count = count
        scales = AlignedBuffer(count: layout.segments.count)
        limits = AlignedBuffer(count: layout.segments.count)
    }

    /// A segment without an exponent has scale and limit 0: contributions are measured and add nothing.
    func set(_ state: FixedPointState, layout: ReductionLayout) {
        for (index, segment) in layout.segments.enumerated() {
            let isKnown = state.codes[index].exponent != nil
            scales.pointer[index] = state.scale(of: index)
            limits.pointer[index] = isKnown ? state.limit(for: segment.kind) : 0
        }
    }
}
