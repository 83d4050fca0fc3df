/// What a simulation that went well was like.
package struct SimulationReport: Sendable, Equatable {
    package var seed: UInt64
    /// Virtual.
    package var seconds: Double
    package var events: Int
    package var faults: [FaultKind: Int]
    /// Of the coordinator.
    package var launches: Int
    package var generations: UInt64
    /// Committed steps that had to be done again, since no replica survived.
    package var stepsLost: Int
    /// Of the whole trace; 0 unless it was kept.
    package var digest: UInt64
}

/// A simulation in which a promise was broken.
package struct SimulationFailure: Error, CustomStringConvertible, Sendable {
    package var seed: UInt64
    /// Virtual.
    package var seconds: Double
    package var broken: String
    /// The last ones.
    package var events: [String]

    package var description: String {
        (["seed \(seed), \(seconds) s: \(broken)"] + events.map { "    \($0)" }
            + ["replay: espalier simulate --seed \(seed) --verbose"]).joined(separator: "\n")
    }
}
