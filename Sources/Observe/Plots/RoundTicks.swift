/// Round numbers at equal distances (1, 2 or 5 times a power of ten) that a scale is marked with.
struct RoundTicks: Equatable {
    let values: [Double]
    /// Between two of them.
    let step: Double

    /// Those within the range, about as many as wanted; a range without extent is widened first.
    /// - Parameter least: the step is not below it.
    init(_ range: ClosedRange<Double>, about count: Int, least: Double = 0) {
        let range = Self.widened(range)
        step = max(least, Self.step((range.upperBound - range.lowerBound) / Double(max(count, 1))))
        // Counted in steps, so that 0.1 + 0.2 is 0.3.
        let first = Int((range.lowerBound / step - 1e-9).rounded(.up))
        let last = Int((range.upperBound / step + 1e-9).rounded(.down))
        let step = step
        values = first <= last ? (first...last).map { Self.multiple($0, of: step) } : []
    }

    /// The range that begins and ends at a tick and has `range` within.
    static func enclosing(_ range: ClosedRange<Double>, about count: Int) -> ClosedRange<Double> {
        let range = widened(range)
        let step = step((range.upperBound - range.lowerBound) / Double(max(count, 1)))
        let first = (range.lowerBound / step + 1e-9).rounded(.down)
        let last = (range.upperBound / step - 1e-9).rounded(.up)
        return multiple(Int(first), of: step)...multiple(Int(last), of: step)
    }

    /// With as many digits after the point as the step has.
    func label(_ value: Double) -> String {
        var digits = 0
        var unit = 1.0
        while digits < 9, step < unit * 0.999 {
            digits += 1
            unit /= 10
        }
        return Show.decimals(value == 0 ? 0 : value, digits)
    }

    /// The least of 1, 2, 5 times a power of ten that is not below `wish`.
    private static func step(_ wish: Double) -> Double {
        var power = 1.0
        while power > wish { power /= 10 }
        while power * 10 <= wish { power *= 10 }
        return [1, 2, 5, 10].map { $0 * power }.first { $0 >= wish * 0.999 } ?? 10 * power
    }

    /// Exact where the step is a fraction such as 0.1, which has no exact form itself.
    private static func multiple(_ count: Int, of step: Double) -> Double {
        step < 1 ? Double(count) / (1 / step).rounded(.toNearestOrEven) : Double(count) * step
    }

    private static func widened(_ range: ClosedRange<Double>) -> ClosedRange<Double> {
        let (low, high) = (range.lowerBound, range.upperBound)
        guard low.isFinite, high.isFinite, abs(low) < 1e15, abs(high) < 1e15 else { return 0...1 }
        let least = max(abs(low), abs(high)) * 1e-9
        if high - low > least, high - low > 1e-9 { return range }
        return low - max(0.5, abs(low) / 2)...low + max(0.5, abs(low) / 2)
    }
}
