/// A plan as a person or `espalier shrink` wrote it, in YAML or JSON: which network it is for, and what each
/// latent vector keeps. Whatever else the file says, costs or layers, follows from that and is not read.
public struct PlanText: Equatable, Sendable {
    public enum Kept: Equatable, Sendable {
        /// The first so many.
        case first(Int)
        case indices([Int])
    }

    public struct Vector: Equatable, Sendable {
        public var name: String
        public var kept: Kept

        public init(name: String, kept: Kept) {
            self.name = name
            self.kept = kept
        }
    }

    public var network: String
    public var vectors: [Vector]

    /// Reads a plan's file.
    /// - Throws: what is wrong, with its line.
    public init(path: String) throws(RecipeError) {
        let text = try SettingsFile.text(path: path, bytesMax: SettingsParser.Limits.plan.bytesMax)
        try self.init(text: text, file: path)
    }

    /// Reads a plan from the text of a file; `file` names it in errors.
    public init(text: String, file: String) throws(RecipeError) {
        let root: SettingsNode?
        do throws(SettingsParser.Failure) {
            root = try SettingsParser.parse(text, limits: .plan, place: RecipeError.Place.line)
        } catch {
            throw RecipeError(file: file, error.message, line: error.line)
        }
        guard let root, case .mapping = root.content else {
            throw RecipeError(
                file: file, "no plan: a plan has the network's name and a list of vectors with what they keep"
            )
        }
        let problems = SettingsReader.Problems()
        let reader = SettingsReader(
            SettingsNode(content: root.content, place: .file), path: [], problems: problems)
        network = reader.text("network") ?? ""
        if !reader.has("network") { reader.report("network", "missing; the network that the plan is for") }
        vectors = reader.sections("vectors").map { Vector($0) }
        // A machine's file that is wrong is wrong in thousands of places.
        if let first = problems.list.first { throw RecipeError(file: file, problems: [first]) }
    }
}

extension PlanText.Vector {
    fileprivate init(_ reader: SettingsReader) {
        name = reader.text("name") ?? ""
        if !reader.has("name") { reader.report("name", "missing; the latent vector's name") }
        let channels = reader.whole("channels", 1...1_000_000)
        let indices = reader.wholes("kept", 0...1_000_000, countMax: 1_000_000)
        if reader.has("kept") == reader.has("channels") {
            reader.report(
                reader.has("kept") ? "channels" : nil,
                "\(name): give kept, a list of indices from 0, or channels, for the first so many")
        }
        kept = indices.map { .indices($0) } ?? .first(channels ?? 1)
    }
}
