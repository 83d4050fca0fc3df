/// The taps of an antialiased bilinear resize along one axis, for a window of the output only: what lies
/// outside the window is never computed, so that the intermediate size of "resize, then crop" does not
/// matter.
///
/// The arithmetic is Pillow's (8-bit samples, 22-bit integer weights): a triangle of half-width max(1, scale)
/// around each output sample's centre, cut at the input's ends and normalised. Integer sums make it exact on
/// every machine.
struct ResampleAxis {
    /// Weights' fractional bits: 255 · Σ|weight| stays below 2³¹.
    static let weightBits: Int32 = 22

    /// First input sample of each output sample, number of taps, and where its weights start.
    private(set) var firsts: [Int] = []
    private(set) var counts: [Int] = []
    private(set) var offsets: [Int] = []
    private(set) var weights: [Int32] = []

    /// - Parameters:
    ///   - start: first sample of the input that is used at all.
    ///   - length: samples of the input from there; the filter sees no others.
    ///   - outputLength: samples that `length` is resized to.
    ///   - window: the output samples wanted, within 0..<outputLength.
    init(start: Int, length: Int, outputLength: Int, window: Range<Int>) {
        precondition(
            start >= 0 && length > 0 && outputLength > 0, "resize of \(length) at \(start) to \(outputLength)"
        )
        precondition(
            window.lowerBound >= 0 && window.upperBound <= outputLength, "\(window) of \(outputLength)")
        let scale = Double(length) / Double(outputLength)
        let support = max(1, scale)
        let narrowing = 1 / support
        firsts.reserveCapacity(window.count)
        var taps: [Double] = []
        for output in window {
            let centre = (Double(output) + 0.5) * scale
            let low = max(0, Int(centre - support + 0.5))
            let high = min(length, Int(centre + support + 0.5))
            taps.removeAll(keepingCapacity: true)
            var sum = 0.0
            for input in low..<high {
                let tap = max(0, 1 - abs((Double(input) - centre + 0.5) * narrowing))
                taps.append(tap)
                sum += tap
            }
            firsts.append(start + low)
            counts.append(taps.count)
            offsets.append(weights.count)
            for tap in taps { weights.append(Int32(0.5 + tap / sum * Double(1 << Self.weightBits))) }
        }
    }

    /// The input samples that any output sample of the window reads.
    var inputRange: Range<Int> {
        guard let first = firsts.first, let last = firsts.last, let count = counts.last else { return 0..<0 }
        return first..<last + count
    }
}
