/// Sums over evaluated images.
public struct EvaluationCounts: Equatable, Sendable, BitwiseCopyable {
    public var lossSum = 0.0
    /// Images whose label has the largest logit.
    public var top1 = 0
    /// Images whose label is among the five largest logits.
    public var top5 = 0
    public var images = 0

    public init() {}

    public static func += (sum: inout EvaluationCounts, other: EvaluationCounts) {
        sum.lossSum += other.lossSum
        sum.top1 += other.top1
        sum.top5 += other.top5
        sum.images += other.images
    }

    mutating func count(_ outcome: CrossEntropy.Outcome) {
        lossSum += outcome.loss
        if outcome.rank < 1 { top1 += 1 }
        if outcome.rank < 5 { top5 += 1 }
        images += 1
    }
}
