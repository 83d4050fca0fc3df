/// What is wrong with what a bench was asked to do.
public enum BenchError: Error, Equatable, CustomStringConvertible {
    case batch(Int, shard: Int)
    case overflow(step: Int)

    public var description: String {
        switch self {
        case .batch(let batch, let shard):
            "--batch is \(batch); it must be a multiple of the shard of \(shard) images (see --shard)"
        case .overflow(let step):
            "step \(step) does not fit its fixed-point code at any exponent; this is a fault of espalier"
        }
    }
}
