extension FixedPointState {
    /// 2^e of a segment; 0 while it has no exponent, which codes everything as 0.
    public func scale(of segment: Int) -> Float {
        guard let exponent = codes[segment].exponent else { return 0 }
        return Float(sign: .plus, exponent: exponent, significand: 1)
    }

    /// 2^−e of a segment: integer · inverseScale is the value; 0 while it has no exponent.
    public func inverseScale(of segment: Int) -> Float {
        guard let exponent = codes[segment].exponent else { return 0 }
        return Float(sign: .plus, exponent: -exponent, significand: 1)
    }

    /// How many contributions a global batch makes to a segment of this kind.
    func contributions(to kind: ReductionLayout.Kind) -> Int {
        switch kind {
        case .gradientOfSlice, .metric: slices
        case .gradientOfShard, .statistic: shards
        }
    }

    /// The largest |integer| of one contribution: an integer, and not more than (2³¹ − 1) / contributions.
    func limit(for kind: ReductionLayout.Kind) -> Float {
        let exact = Int(Int32.max) / contributions(to: kind)
        let rounded = Float(exact)
        return Int(rounded) > exact ? rounded.nextDown : rounded
    }

    /// log₂ of what the largest reduced |sum| should come to.
    func aim(for kind: ReductionLayout.Kind) -> Int {
        switch kind {
        case .gradientOfSlice, .gradientOfShard:
            let limitBits = Int.bitWidth - 1 - (Int(Int32.max) / contributions(to: kind)).leadingZeroBitCount
            return min(gradientBits - 3, limitBits - 2)
        case .statistic: return Self.statisticsAim
        case .metric: return 0
        }
    }
}
