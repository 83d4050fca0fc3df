import CKernels
public import TensorCore

/// The length of a step's whole gradient, for clipping.
public enum GradientNorm {
    /// A run of a tensor's elements, which one thread sums at a time.
    private struct Piece {
        let segment: Int
        let range: Range<Int>

        static let countMax = 1 << 16
    }

    /// The L2 norm of the gradients of all the network's weights, in fp64; in the search phase those of the
    /// generated weights. The pieces' sums are added in their order, so the bits are the same for any number
    /// of threads.
    /// - Parameters:
    ///   - reduced: a step's sums, whole.
    ///   - exponents: those that the step was coded with.
    public static func of(
        _ reduced: UnsafePointer<Int32>, layout: ReductionLayout, exponents: FixedPointState,
        pool: ComputePool
    ) -> Double {
        let pieces = pieces(layout)
        let sums = AlignedBuffer<Double>(count: pieces.count)
        let (target, source) = (SharedMutablePointer(sums.pointer), SharedPointer(reduced))
        pool.run { thread in
            for index in stride(from: thread, to: pieces.count, by: pool.threads) {
                let range = pieces[index].range
                target.pointer[index] = espalier_sum_of_squares(
                    source.pointer + range.lowerBound, range.count)
            }
        }
        var total = 0.0
        for (index, piece) in pieces.enumerated() {
            let scale = Double(exponents.inverseScale(of: piece.segment))
            total += sums.pointer[index] * (scale * scale)
        }
        return total.squareRoot()
    }

    private static func pieces(_ layout: ReductionLayout) -> [Piece] {
        layout.segments.enumerated().flatMap { index, segment -> [Piece] in
            guard segment.kind == .gradientOfSlice || segment.kind == .gradientOfShard else { return [] }
            return stride(from: segment.offset, to: segment.range.upperBound, by: Piece.countMax).map {
                Piece(segment: index, range: $0..<min($0 + Piece.countMax, segment.range.upperBound))
            }
        }
    }
}

extension Optimizer {
    /// What a step's gradients are multiplied with: 1, or what shortens the whole to ``clipNorm``.
    public func gradientScale(
        of reduced: UnsafePointer<Int32>, layout: ReductionLayout, exponents: FixedPointState,
        pool: ComputePool
    ) -> Float {
        guard let clipNorm else { return 1 }
        let norm = GradientNorm.of(reduced, layout: layout, exponents: exponents, pool: pool)
        return norm > clipNorm ? Float(clipNorm / norm) : 1
    }
}
