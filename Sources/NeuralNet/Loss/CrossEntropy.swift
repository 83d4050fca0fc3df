import Randomness

/// Softmax cross-entropy of one image, with the ranks that top-1 and top-5 accuracy need.
enum CrossEntropy {
    struct Outcome {
        /// −Σ target·ln softmax(logits): without smoothing −ln softmax(logits)[label].
        var loss: Double
        /// How many classes come before the label: larger logits, equal ones of lower index, and any NaN.
        var rank: Int
    }

    /// The loss and its gradient (softmax − target) · weight.
    /// - Parameters:
    ///   - logits: `classes` elements.
    ///   - label: in 0..<classes.
    ///   - smoothing: e of the targets (1 − e)·one-hot + e/classes.
    ///   - weight: 1 / global batch.
    ///   - gradient: `classes` elements, overwritten; may be `logits`.
    static func evaluate(
        logits: UnsafePointer<Float>, classes: Int, label: Int, smoothing: Double = 0, weight: Double,
        gradient: UnsafeMutablePointer<Float>?
    ) -> Outcome {
        var outcome = Outcome(loss: 0, rank: rank(of: label, logits: logits, classes: classes))
        var largest = -Float.infinity
        for index in 0..<classes where !(logits[index] <= largest) { largest = logits[index] }
        let peak = Double(largest)
        var sum = 0.0
        for index in 0..<classes { sum += SeriesMath.exponential(Double(logits[index]) - peak) }
        let total = SeriesMath.logarithm(sum)
        outcome.loss = total - (Double(logits[label]) - peak)
        let everyone = smoothing / Double(classes)
        let own = 1 - smoothing + everyone
        if smoothing > 0 {
            var others = 0.0
            for index in 0..<classes { others += total - (Double(logits[index]) - peak) }
            outcome.loss = (1 - smoothing) * outcome.loss + everyone * others
        }
        guard let gradient else { return outcome }
        for index in 0..<classes {
            let probability = SeriesMath.exponential(Double(logits[index]) - peak) / sum
            gradient[index] = Float((probability - (index == label ? own : everyone)) * weight)
        }
        return outcome
    }

    private static func rank(of label: Int, logits: UnsafePointer<Float>, classes: Int) -> Int {
        let own = logits[label]
        var rank = 0
        for index in 0..<classes where index != label {
            if !(logits[index] <= own) || (logits[index] == own && index < label) { rank += 1 }
        }
        return rank
    }
}
