/// What is wrong with what a bench was asked to do.
public enum BenchError: Error, Equatable, CustomStringConvertible {
    case batch(Int, shard: Int)
    case overflow(step: Int)
    /// A hypernetwork makes the weights of a whole network, not of a pruned one.
    case searchOfPruned
    /// The plan's network and the one asked for.
    case otherNetwork(plan: String, asked: String)

    public var description: String {
        switch self {
        case .batch(let batch, let shard):
            "--batch is \(batch); it must be a multiple of the shard of \(shard) images (see --shard)"
        case .searchOfPruned:
            "a pruned network has no hypernetwork: --plan and --keep exclude --hyper"
        case .otherNetwork(let plan, let asked):
            "the plan is for \(plan), not for \(asked)"
        case .overflow(let step):
            "step \(step) does not fit its fixed-point code at any exponent; this is a fault of espalier"
        }
    }
}
