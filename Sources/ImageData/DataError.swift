/// A fault of the data: what is wrong, where, and what to do about it. Always one line of bounded length,
/// whatever bytes the file names and contents hold.
public struct DataError: Error, Equatable, CustomStringConvertible {
    /// What is wrong, e.g. "label 255 is out of range 0...9".
    public let problem: String
    /// Where: a path, and the record or line where there is one.
    public let place: String
    /// What the user can do.
    public let advice: String

    static let charactersMax = 600

    public init(_ problem: String, at place: String, advice: String) {
        self.problem = Self.printable(problem)
        self.place = Self.printable(place)
        self.advice = Self.printable(advice)
    }

    public var description: String { "\(place): \(problem); \(advice)" }

    /// `text` on one line: control characters escaped, the middle of an overlong text left out.
    static func printable(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars.prefix(charactersMax) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            default:
                result.unicodeScalars.append(scalar)
            }
        }
        return text.unicodeScalars.count > charactersMax ? result + "…" : result
    }
}
