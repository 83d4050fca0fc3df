/// A plan as the coordinator knows it.
public struct DecidedPlan: Equatable, Sendable {
    public var json: String
    /// Steps of the search after which it was made: the first of the converge phase. 0 where it took no
    /// search.
    public var step: Int

    public init(json: String, step: Int) {
        self.json = json
        self.step = step
    }
}
