import Randomness

/// The learning rate of each epoch, epochs counted from 0 (METHODS section 6).
public enum LearningRateSchedule: Equatable, Sendable {
    /// The same rate throughout.
    case constant(base: Float)
    /// base · factor^(number of milestones ≤ epoch).
    case milestones(base: Float, epochs: [Int], factor: Float = 0.1)
    /// base · (1 + cos(π · epoch / epochs)) / 2: down to nearly 0 in the last epoch, and 0 from `epochs` on.
    case cosine(base: Float, epochs: Int)

    /// The rate of `epoch`, the same bits on every machine.
    public func rate(epoch: Int) -> Float {
        Float(preciseRate(epoch: epoch))
    }

    /// The rate of a step with a linear warm-up: base · (step + 1) / `warmupSteps` in the first steps,
    /// whatever the schedule says there, and that of its epoch afterwards. So the first step's is above 0
    /// and the warm-up's last one runs at the base rate; epochs are counted from the warm-up's start.
    public func rate(epoch: Int, step: Int, warmupSteps: Int) -> Float {
        guard step < warmupSteps else { return rate(epoch: epoch) }
        return Float(preciseRate(warmedUp: Double(step + 1) / Double(warmupSteps)))
    }

    /// The base rate's share in a warm-up of which the share `done` lies behind, `start` at its beginning.
    func preciseRate(warmedUp done: Double, from start: Double = 0) -> Double {
        Self.decimal(base) * (start + (1 - start) * done)
    }

    private var base: Float {
        switch self {
        case .constant(let base), .milestones(let base, _, _), .cosine(let base, _): base
        }
    }

    /// The rate before it is rounded to fp32. The base and the factor are read as the decimal numbers they
    /// were written as (0.1, not the float next to it), as the reference does.
    func preciseRate(epoch: Int) -> Double {
        switch self {
        case .constant(let base):
            return Self.decimal(base)
        case .milestones(let base, let epochs, let factor):
            let passed = epochs.count { $0 <= epoch }
            return (0..<passed).reduce(Self.decimal(base)) { rate, _ in rate * Self.decimal(factor) }
        case .cosine(let base, let epochs):
            guard epoch < epochs else { return 0 }
            let remaining = Double(epochs - max(epoch, 0)) / Double(epochs)
            let sine = SeriesMath.sine(Double.pi / 2 * remaining)
            return Self.decimal(base) * sine * sine
        }
    }

    private static func decimal(_ value: Float) -> Double {
        Double(value.description) ?? Double(value)
    }
}
