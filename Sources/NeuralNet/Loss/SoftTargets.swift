import Randomness

/// T²·KL(softmax(teacher/T) ‖ softmax(student/T)) of one image.
enum SoftTargets {
    /// The loss; its gradient T·(softmax(student/T) − softmax(teacher/T))·weight is added.
    /// - Parameters:
    ///   - student: `classes` logits.
    ///   - teacher: `classes` logits.
    ///   - temperature: T, above 0.
    ///   - gradient: `classes` elements.
    static func evaluate(
        student: UnsafePointer<Float>, teacher: UnsafePointer<Float>, classes: Int, temperature: Double,
        weight: Double, gradient: UnsafeMutablePointer<Float>
    ) -> Double {
        let own = Softened(student, classes, temperature)
        let soft = Softened(teacher, classes, temperature)
        var divergence = 0.0
        for index in 0..<classes {
            let target = soft.logarithm(Double(teacher[index]))
            let logarithm = own.logarithm(Double(student[index]))
            let probability = SeriesMath.exponential(target)
            // Where the teacher's probability vanishes, 0·ln 0 = 0.
            if probability > 0 { divergence += probability * (target - logarithm) }
            let slope = temperature * (SeriesMath.exponential(logarithm) - probability)
            gradient[index] += Float(slope * weight)
        }
        return temperature * temperature * divergence
    }

    /// ln softmax(logits/T).
    private struct Softened {
        let temperature: Double
        let peak: Double
        /// ln Σ exp((logit − peak)/T).
        let total: Double

        init(_ logits: UnsafePointer<Float>, _ classes: Int, _ temperature: Double) {
            var largest = -Float.infinity
            for index in 0..<classes where !(logits[index] <= largest) { largest = logits[index] }
            let peak = Double(largest)
            var sum = 0.0
            for index in 0..<classes {
                sum += SeriesMath.exponential((Double(logits[index]) - peak) / temperature)
            }
            (self.temperature, self.peak) = (temperature, peak)
            total = SeriesMath.logarithm(sum)
        }

        func logarithm(_ logit: Double) -> Double { (logit - peak) / temperature - total }
    }
}
