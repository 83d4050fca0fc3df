/// What differs from one step of an ``Optimizer`` to the next.
public struct OptimizerStep: Equatable, Sendable {
    public var rate: Float
    /// Steps of the phase up to and with this one: 1 for its first.
    public var number: Int
    /// Every gradient times this: below 1 where the whole is clipped.
    public var gradientScale: Float

    public init(rate: Float, number: Int, gradientScale: Float = 1) {
        precondition(number > 0, "step \(number) of a phase, whose first is 1")
        self.rate = rate
        self.number = number
        self.gradientScale = gradientScale
    }
}
