/// Why a network cannot be built.
public enum ModelZooError: Error, Equatable, CustomStringConvertible {
    case unknownNetwork(String, nearest: [String])
    /// What, its value, and what it may be.
    case outOfRange(String, String, String)

    public var description: String {
        switch self {
        case .unknownNetwork(let name, let nearest):
            "unknown network \"\(name)\"; the nearest known: \(nearest.joined(separator: ", "))"
        case .outOfRange(let what, let value, let range):
            "the network's \(what) is \(value); it must be \(range)"
        }
    }
}
