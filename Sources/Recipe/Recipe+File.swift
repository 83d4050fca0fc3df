import Foundation

extension Recipe {
    /// Reads a recipe file.
    ///
    /// - Parameters:
    ///   - overrides: `key.path=value` arguments of `--set`, applied in order before anything is checked.
    ///   - networks: names that `network` may have; any name when empty.
    /// - Throws: all problems at once.
    public init(path: String, overrides: [String] = [], networks: [String] = []) throws(RecipeError) {
        let text = try SettingsFile.text(path: path, bytesMax: SettingsParser.bytesMax)
        try self.init(text: text, file: path, overrides: overrides, networks: networks)
    }

    /// Reads a recipe from the text of a file; `file` names it in errors.
    public init(
        text: String, file: String, overrides: [String] = [], networks: [String] = []
    ) throws(RecipeError) {
        var root: SettingsNode
        do throws(SettingsParser.Failure) {
            guard let parsed = try SettingsParser.parse(text, place: RecipeError.Place.line), !parsed.isNull
            else {
                throw SettingsParser.Failure(
                    message: "empty; a recipe has at least network, epochs and data", line: nil)
            }
            root = parsed
        } catch {
            throw RecipeError(file: file, error.message, line: error.line)
        }
        guard case .mapping = root.content else {
            throw RecipeError(file: file, "a recipe is a section of keys, this is \(root.summary)")
        }
        let problems = SettingsReader.Problems()
        let method = MethodChange.method(of: root)
        for argument in overrides { Self.apply(argument, to: &root, problems) }
        MethodChange.apply(to: &root, before: method)
        let reader = SettingsReader(
            SettingsNode(content: root.content, place: .file), path: [], problems: problems)
        self.init(reader, networks: networks)
        if !problems.list.isEmpty {
            throw RecipeError(file: file, problems: Self.inFileOrder(problems.list))
        }
    }

    /// Writes the resolved recipe to `path`, by way of a temporary file so that it is whole or not there.
    public func write(to path: String) throws(RecipeError) {
        do {
            try Data(yaml.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw RecipeError(file: path, "cannot be written: \(SettingsFile.reason(error))")
        }
    }

    /// Keys of one section of which a recipe has one: `--set` of one takes the place of the other.
    private static let exclusiveKeys: Set<String> = [
        "ratio", "flops", "flops_of_baseline", "parameters", "every_epochs", "every_steps",
    ]

    private static func apply(
        _ argument: String, to root: inout SettingsNode, _ problems: SettingsReader.Problems
    ) {
        let place = RecipeError.Place.override(argument)
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts[0].trimmingCharacters(in: .whitespaces)
            .split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, path.count <= SettingsParser.depthMax, !path.contains("") else {
            problems.list.append(
                RecipeError.Problem(
                    key: "", place: place, message: "expected key=value, such as optimizer.momentum=0.9"))
            return
        }
        let text = parts[1].trimmingCharacters(in: .whitespaces)
        do throws(SettingsParser.Failure) {
            var value = SettingsNode(content: .scalar(text, quoted: false), place: place)
            if let first = text.first, "[{\"'".contains(first),
                let parsed = try SettingsParser.parse(text, place: { _ in place })
            {
                value = parsed
            }
            root.set(path[...], to: value, exclusive: exclusiveKeys)
        } catch {
            problems.list.append(
                RecipeError.Problem(key: parts[0].description, place: place, message: error.message))
        }
    }

    private static func inFileOrder(_ problems: [RecipeError.Problem]) -> [RecipeError.Problem] {
        func rank(_ problem: RecipeError.Problem) -> Int {
            switch problem.place {
            case .line(let line): line
            case .file: Int.max - 1
            case .override: Int.max
            }
        }
        return problems.enumerated().sorted { (rank($0.element), $0.offset) < (rank($1.element), $1.offset) }
            .map(\.element)
    }
}
