/// A bug put in on purpose, to see that the simulator finds it.
package enum Mutation: String, CaseIterable, Sendable {
    /// A worker contributes sums that it has contributed already, under the name of new ones.
    case contributesTwice
    /// The coordinator takes shards that were handed back in an older generation for handed back in this one.
    case takesOldAnswers
    /// A worker goes on with the exponents of an attempt that the lost coordinator began.
    case keepsRaisedExponents
}
