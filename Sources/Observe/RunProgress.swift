/// How far a run is, for people.
public struct RunProgress: Equatable, Sendable {
    public var phase: String
    public var step: Int
    /// Steps of the phase; nil when nobody knows.
    public var total: Int?
    public var imagesPerSecond: Double?
    public var loss: Double?
    /// Share of correct answers, 0 to 1.
    public var accuracy: Double?
    /// Nil: ``ProgressLine`` estimates it from the pace so far.
    public var secondsLeft: Double?
    /// Free text at the end, such as the number of workers.
    public var note: String

    public init(
        phase: String, step: Int, total: Int?, imagesPerSecond: Double? = nil, loss: Double? = nil,
        accuracy: Double? = nil, secondsLeft: Double? = nil, note: String = ""
    ) {
        self.phase = phase
        self.step = step
        self.total = total
        self.imagesPerSecond = imagesPerSecond
        self.loss = loss
        self.accuracy = accuracy
        self.secondsLeft = secondsLeft
        self.note = note
    }

    /// One line: `converge  step 120/3140  1005 images/s  loss 1.204  accuracy 56.1 %  3 min left`.
    public var line: String {
        var parts = [phase, "step \(step)" + (total.map { "/\($0)" } ?? "")]
        if let imagesPerSecond {
            parts.append("\(Show.decimals(imagesPerSecond, imagesPerSecond < 10 ? 1 : 0)) images/s")
        }
        if let loss { parts.append("loss \(Show.decimals(loss, 3))") }
        if let accuracy { parts.append("accuracy \(Show.percent(accuracy))") }
        if let secondsLeft { parts.append("\(Show.time(secondsLeft)) left") }
        if !note.isEmpty { parts.append(note) }
        return parts.joined(separator: "  ")
    }
}
