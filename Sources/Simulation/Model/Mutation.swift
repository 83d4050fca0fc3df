/// A bug put in on purpose, to see that the simulator finds it.
package enum Mutation: String, CaseIterable, Sendable {
    /// A worker contributes sums that it has contributed already, under the name of new ones.
    case contributesTwice
    /// A worker does not send its sums again when the members have changed.
    case sendsOnce
    /// A worker goes on with the exponents of an attempt that the lost coordinator began.
    case keepsRaisedExponents
}
