import Glibc

/// A file or folder of a run that cannot be used: one line, the path first.
public struct ObserveError: Error, Equatable, Sendable, CustomStringConvertible {
    public let path: String
    public let problem: String

    public init(_ path: String, _ problem: String) {
        self.path = path
        self.problem = problem
    }

    public var description: String { "\(path): \(problem)" }

    /// The error of the last system call, in words.
    static func system(_ path: String) -> ObserveError {
        ObserveError(path, String(cString: strerror(errno)))
    }
}
