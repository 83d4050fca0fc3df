/// Why a step's overflow reports cannot be met by other exponents.
public enum FixedPointError: Error, Equatable, CustomStringConvertible {
    /// The gradient or the statistics of this tensor are infinite or not a number.
    case notFinite(tensor: String)
    /// A report names a segment that the layout does not have.
    case unknownSegment(Int, segments: Int)

    public var description: String {
        switch self {
        case .notFinite(let tensor):
            "training diverged: \(tensor) got values that are not finite; lower the learning rate"
        case .unknownSegment(let segment, let segments):
            "an overflow report names segment \(segment) of \(segments); is a worker running another recipe?"
        }
    }
}
