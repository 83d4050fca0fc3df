/// What a reduced step says about itself: the last four integers of the vector.
public struct StepMetrics: Equatable, Sendable {
    static let names = ["loss", "top1", "top5", "images"]
    /// The loss sum is in units of 2⁻¹⁶.
    static let lossExponent = 16

    /// Sum of the images' losses. Each slice's share is capped so that no sum of slices leaves 32 bits.
    public var lossSum: Double
    public var top1: Int
    public var top5: Int
    public var images: Int

    public init(lossSum: Double, top1: Int, top5: Int, images: Int) {
        self.lossSum = lossSum
        self.top1 = top1
        self.top5 = top5
        self.images = images
    }

    /// - Parameter reduced: a whole reduced vector, `layout.count` elements.
    public init(reduced: UnsafeBufferPointer<Int32>, layout: ReductionLayout) {
        precondition(
            reduced.count == layout.count,
            "a reduced vector of \(reduced.count) elements, not \(layout.count)")
        let metrics = reduced[layout.metricsOffset...]
        lossSum = Double(metrics[layout.metricsOffset]) / Double(1 << Self.lossExponent)
        top1 = Int(metrics[layout.metricsOffset + 1])
        top5 = Int(metrics[layout.metricsOffset + 2])
        images = Int(metrics[layout.metricsOffset + 3])
    }
}
