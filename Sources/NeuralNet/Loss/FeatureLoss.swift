/// How far an image's features within a network are from a teacher's (Romero and others: "FitNets: hints for
/// thin deep nets", ICLR 2015).
enum FeatureLoss {
    /// The mean of the squared differences; its gradient (student − teacher)·2/count·weight is written.
    /// - Parameters:
    ///   - student: `count` elements, as `teacher` and `gradient`.
    static func evaluate(
        student: UnsafePointer<Float>, teacher: UnsafePointer<Float>, count: Int, weight: Double,
        gradient: UnsafeMutablePointer<Float>
    ) -> Double {
        let slope = 2 * weight / Double(count)
        var squares = 0.0
        for index in 0..<count {
            let difference = Double(student[index]) - Double(teacher[index])
            squares += difference * difference
            gradient[index] = Float(difference * slope)
        }
        return squares / Double(count)
    }
}
