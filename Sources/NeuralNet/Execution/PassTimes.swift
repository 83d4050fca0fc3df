/// Seconds of one thread, or of several together, by kind of pass.
public struct PassTimes: Equatable, Sendable {
    private var nanoseconds = [UInt64](repeating: 0, count: PassKind.allCases.count)

    public init() {}

    public subscript(kind: PassKind) -> Double { Double(nanoseconds[kind.rawValue]) * 1e-9 }

    public var total: Double { Double(nanoseconds.reduce(0, +)) * 1e-9 }

    public static func += (sum: inout PassTimes, other: PassTimes) {
        for kind in sum.nanoseconds.indices { sum.nanoseconds[kind] += other.nanoseconds[kind] }
    }

    mutating func add(_ more: UInt64, to kind: PassKind) {
        nanoseconds[kind.rawValue] += more
    }
}
