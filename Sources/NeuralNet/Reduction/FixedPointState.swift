/// The fixed-point code of a step's reduction: one exponent e per segment, integer = round-half-even(value ·
/// 2^e).
///
/// Replicated state: it changes only by ``raise(for:layout:)`` and ``adapt(to:layout:)``, functions in
/// integers of the overflow reports and the reduced sums, which every replica sees alike. Checkpoints hold it
/// as JSON.
///
/// The rule, with `contributions` = slices (or shards, for what is added once a shard) of a global batch:
///
/// - A contribution fits when |integer| ≤ (2³¹ − 1) / contributions, so no sum of contributions leaves 32
///   bits.
/// - `raise`: a segment that overflowed gets the exponent at which its largest contribution is at most 2^aim
///   (statistics: its share of 2^aim). The first attempt of the first step has no exponents: every segment
///   "overflows", and the attempt only measures. A second attempt at the same step cannot overflow again.
/// - `adapt`: where the largest reduced |sum| is above 2^aim the exponent falls at once to where it is not;
///   where it is below 2^(aim − 3) the exponent rises by one bit a step.
/// - aim is bits − 3 for gradients, but at least two bits below the contributions' limit; 28 for statistics.
/// - A tensor whose contributions cancel (a bias before a batch norm: its gradient is zero, its slices' are
///   not) looks too small at any exponent and would climb into an overflow again and again. So a segment
///   waits after an overflow before it climbs, and twice as long after each overflow that follows a climb
///   closely.
public struct FixedPointState: Equatable, Codable, Sendable {
    /// One segment's exponent and the memory that keeps it from swinging.
    public struct Code: Equatable, Codable, Sendable {
        /// Nil until the first contributions have been measured.
        public internal(set) var exponent: Int?
        /// Steps before the exponent may rise again.
        var wait = 0
        /// The wait after the next overflow is 4 << backoff steps.
        var backoff = 0
        /// Steps since the exponent last rose, up to `FixedPointState.blameSteps`.
        var age = FixedPointState.blameSteps
    }

    /// Exponents stay where both 2^e and 2^−e are ordinary floats.
    static let exponentRange = -120...120
    static let bitsRange = 8...30
    static let blameSteps = 64
    static let backoffMax = 10
    static let statisticsAim = 28
    static let contributionsMax = 1 << 20

    /// Of the code of gradients, sign included.
    public let gradientBits: Int
    /// Slices of a global batch.
    public let slices: Int
    /// Shards of a global batch.
    public let shards: Int
    /// One for each of ``ReductionLayout/segments``.
    public internal(set) var codes: [Code]

    /// The state before the first step: all exponents unknown but the metrics', which never change.
    /// - Parameters:
    ///   - gradientBits: 8 to 30; the recipe's `gradient_bits`.
    ///   - slices: slices of a global batch.
    ///   - shards: shards of a global batch.
    public init(uncalibrated layout: ReductionLayout, gradientBits: Int = 24, slices: Int, shards: Int) {
        precondition(
            Self.bitsRange.contains(gradientBits), "gradient bits \(gradientBits), not \(Self.bitsRange)")
        precondition(
            1 <= shards && shards <= slices && slices <= Self.contributionsMax,
            "\(slices) slices in \(shards) shards of a global batch")
        self.gradientBits = gradientBits
        self.slices = slices
        self.shards = shards
        codes = layout.segments.map { segment in
            guard segment.kind == .metric else { return Code() }
            return Code(exponent: segment.name == StepMetrics.names[0] ? StepMetrics.lossExponent : 0)
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        gradientBits = try container.decode(Int.self, forKey: .gradientBits)
        slices = try container.decode(Int.self, forKey: .slices)
        shards = try container.decode(Int.self, forKey: .shards)
        codes = try container.decode([Code].self, forKey: .codes)
        let isSound =
            Self.bitsRange.contains(gradientBits) && 1 <= shards && shards <= slices
            && slices <= Self.contributionsMax && codes.allSatisfy(\.isSound)
        guard isSound else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "fixed-point state out of range"))
        }
    }

    /// Whether a state read from a file belongs to this layout and cut of the global batch.
    public func fits(_ layout: ReductionLayout, slices: Int, shards: Int) -> Bool {
        codes.count == layout.segments.count && self.slices == slices && self.shards == shards
            && zip(codes, layout.segments).allSatisfy { code, segment in
                guard segment.kind == .metric else { return true }
                return code.exponent == (segment.name == StepMetrics.names[0] ? StepMetrics.lossExponent : 0)
            }
    }

    /// Whether every segment has an exponent: false only before the first step's first `raise`.
    public var isCalibrated: Bool { codes.allSatisfy { $0.exponent != nil } }
}

extension FixedPointState.Code {
    fileprivate var isSound: Bool {
        exponent.map(FixedPointState.exponentRange.contains) ?? true
            && (0...4 << FixedPointState.backoffMax).contains(wait)
            && (0...FixedPointState.backoffMax).contains(backoff)
            && (0...FixedPointState.blameSteps).contains(age)
    }
}
