/// A bug put in on purpose, to see that the simulator finds it.
package enum Mutation: String, CaseIterable, Sendable {
    /// A worker contributes sums that it has contributed already, under the name of new ones.
    case contributesTwice
    /// The coordinator takes reports of an older attempt for those of the present one.
    case countsStaleReports
    /// A worker goes on with the exponents of an attempt that the lost coordinator began.
    case keepsRaisedExponents
}
