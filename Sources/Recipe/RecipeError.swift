/// Everything that is wrong with a recipe, found in one pass.
public struct RecipeError: Error, Equatable, Sendable, CustomStringConvertible {
    public struct Problem: Equatable, Sendable {
        /// The key with the sections it is in, as `--set` takes it; empty when the file as a whole is meant.
        public let key: String
        public let place: Place
        public let message: String
    }

    /// Where a value came from.
    public enum Place: Equatable, Sendable {
        /// A line of the recipe file, from 1.
        case line(Int)
        /// One `--set` argument, as given.
        case override(String)
        /// The file as a whole: something is missing, or it cannot be read.
        case file
    }

    /// The recipe file as the caller named it.
    public let file: String
    /// At least one, in the order of the file.
    public let problems: [Problem]

    init(file: String, problems: [Problem]) {
        self.file = file
        self.problems = problems
    }

    init(file: String, _ message: String, line: Int? = nil) {
        self.init(
            file: file, problems: [Problem(key: "", place: line.map(Place.line) ?? .file, message: message)])
    }

    /// One line for each problem.
    public var lines: [String] {
        problems.map { problem in
            let place =
                switch problem.place {
                case .line(let line): "\(file):\(line)"
                case .override(let argument): "--set \(shown(argument))"
                case .file: file
                }
            return problem.key.isEmpty
                ? "\(place): \(problem.message)" : "\(place): \(problem.key): \(problem.message)"
        }
    }

    public var description: String { lines.joined(separator: "\n") }
}

/// `text` fit for one line of an error: control characters escaped, cut after 60 characters.
func shown(_ text: String) -> String {
    let start = text.unicodeScalars.prefix(60)
    let safe = start.map { $0.value < 32 || $0.value == 127 ? $0.escaped(asASCII: true) : String($0) }
        .joined()
    return start.endIndex == text.unicodeScalars.endIndex ? safe : safe + "…"
}
