/// A file or folder of saved state that cannot be used, or cannot be written: one line, the file first.
public struct CheckpointError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Kind: Equatable, Sendable {
        /// There is no such file, folder, tensor or checkpoint.
        case missing
        /// The system refuses to read it.
        case unreadable
        /// Its content contradicts itself, its manifest or its format.
        case damaged
        /// Valid, but not of this version or not of the kind that was asked for.
        case unsupported
        /// The system refuses to write it: full, read-only, forbidden.
        case unwritable
    }

    public let kind: Kind
    /// The path as the caller gave it, so that the user recognises it.
    public let file: String
    public let problem: String

    public init(_ kind: Kind, _ file: String, _ problem: String) {
        self.kind = kind
        self.file = file
        self.problem = problem
    }

    public var description: String { "\(file): \(problem)" }
}
