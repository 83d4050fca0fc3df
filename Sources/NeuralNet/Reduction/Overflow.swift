/// A segment of which some contribution does not fit 32 bits at its exponent (or that has no exponent yet).
public struct Overflow: Equatable, Sendable {
    /// Index into ``ReductionLayout/segments``.
    public var segment: Int
    /// The largest |value| among the contributions seen; infinity if any was not finite.
    public var magnitude: Float

    public init(segment: Int, magnitude: Float) {
        self.segment = segment
        self.magnitude = magnitude
    }

    /// Reports of several replicas as one: the largest magnitude of each segment, in segment order. The
    /// result does not depend on who computed which shard.
    public static func merged(_ reports: some Sequence<Overflow>) -> [Overflow] {
        var largest: [Int: Float] = [:]
        for report in reports {
            let magnitude = report.magnitude.isNaN ? .infinity : report.magnitude
            largest[report.segment] = max(largest[report.segment] ?? 0, magnitude)
        }
        return largest.keys.sorted().map { Overflow(segment: $0, magnitude: largest[$0] ?? 0) }
    }
}
