import CKernels

extension FixedPointState {
    /// Takes the reports of an attempt that overflowed, so that the same step can be coded again.
    ///
    /// Needs the reports of all replicas (in any order, repeated or not); on an error the state is unchanged.
    public mutating func raise(for reports: [Overflow], layout: ReductionLayout) throws(FixedPointError) {
        let merged = Overflow.merged(reports)
        for report in merged {
            guard layout.segments.indices.contains(report.segment) else {
                throw .unknownSegment(report.segment, segments: layout.segments.count)
            }
            guard report.magnitude.isFinite else {
                throw .notFinite(tensor: layout.segments[report.segment].name)
            }
        }
        for report in merged where layout.segments[report.segment].kind != .metric {
            raise(report, kind: layout.segments[report.segment].kind)
        }
    }

    private mutating func raise(_ report: Overflow, kind: ReductionLayout.Kind) {
        var code = codes[report.segment]
        var exponent = aim(for: kind) - Self.binade(report.magnitude)
        if kind == .statistic { exponent -= Self.binade(Float(shards)) }
        exponent = Self.clamped(exponent)
        if let old = code.exponent {
            exponent = min(exponent, old)
            let climbed = code.age < Self.blameSteps
            code.backoff = climbed ? min(code.backoff + 1, Self.backoffMax) : max(code.backoff - 1, 0)
            code.wait = 4 << code.backoff
        }
        code.exponent = exponent
        code.age = Self.blameSteps
        codes[report.segment] = code
    }

    /// Prepares the next step's exponents from a committed step's sums.
    /// - Parameter reduced: the whole reduced vector, `layout.count` elements.
    public mutating func adapt(to reduced: UnsafeBufferPointer<Int32>, layout: ReductionLayout) {
        precondition(
            reduced.count == layout.count && codes.count == layout.segments.count,
            "\(reduced.count) sums, \(codes.count) codes; not \(layout.count), \(layout.segments.count)"
        )
        for (index, segment) in layout.segments.enumerated() where segment.kind != .metric {
            guard let base = reduced.baseAddress, segment.count > 0 else { continue }
            let largest = espalier_int_max(base + segment.offset, segment.count)
            adapt(index, largest: Int(largest), aim: aim(for: segment.kind))
        }
    }

    mutating func adapt(_ index: Int, largest: Int, aim: Int) {
        guard let exponent = codes[index].exponent else { return }
        var code = codes[index]
        code.age = min(code.age + 1, Self.blameSteps)
        if largest > 1 << aim {
            let excess = Int.bitWidth - (largest - 1).leadingZeroBitCount - aim
            code.exponent = Self.clamped(exponent - excess)
        } else if code.wait > 0 {
            code.wait -= 1
        } else if largest < 1 << max(aim - 3, 0), exponent < Self.exponentRange.upperBound {
            code.exponent = exponent + 1
            code.age = 0
        }
        codes[index] = code
    }

    /// The least k with value ≤ 2^k; 0 for 0.
    static func binade(_ value: Float) -> Int {
        guard value > 0 else { return 0 }
        return Int(value.exponent) + (value.significand == 1 ? 0 : 1)
    }

    private static func clamped(_ exponent: Int) -> Int {
        min(max(exponent, exponentRange.lowerBound), exponentRange.upperBound)
    }
}
