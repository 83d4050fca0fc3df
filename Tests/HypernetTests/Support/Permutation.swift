/// Row-major arrays with their axes in another order: the golden tensors have output channels before taps and
/// embedding, ours have them innermost; and images are NCHW there, NHWC here.
enum Permutation {
    /// `axes[i]` is the axis of `values` that becomes axis i.
    static func apply(_ values: [Float], shape: [Int], axes: [Int]) -> [Float] {
        precondition(values.count == shape.reduce(1, *), "\(values.count) values of shape \(shape)")
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in stride(from: shape.count - 2, through: 0, by: -1) {
            strides[axis] = strides[axis + 1] * shape[axis + 1]
        }
        let newShape = axes.map { shape[$0] }
        let newStrides = axes.map { strides[$0] }
        var index = [Int](repeating: 0, count: shape.count)
        var result: [Float] = []
        result.reserveCapacity(values.count)
        for _ in values.indices {
            result.append(values[zip(index, newStrides).reduce(0) { $0 + $1.0 * $1.1 }])
            for axis in stride(from: shape.count - 1, through: 0, by: -1) {
                index[axis] += 1
                if index[axis] < newShape[axis] { break }
                index[axis] = 0
            }
        }
        return result
    }

    static func imagesToNHWC(_ values: [Float], _ shape: [Int]) -> [Float] {
        apply(values, shape: shape, axes: [0, 2, 3, 1])
    }

    /// A golden hypernetwork tensor (C, N, …) to the order of ``HyperLayout``.
    static func toState(_ values: [Float], _ shape: [Int]) -> [Float] {
        switch shape.count {
        case 3: apply(values, shape: shape, axes: [0, 2, 1])
        case 4: apply(values, shape: shape, axes: [0, 3, 2, 1])
        default: values
        }
    }
}
