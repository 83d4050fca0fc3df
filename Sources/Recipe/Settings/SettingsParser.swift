import Yams

/// YAML text to ``SettingsNode``. Yams reads the YAML; everything that could make a small file large is
/// refused.
enum SettingsParser {
    struct Failure: Error {
        let message: String
        let line: Int?
    }

    /// How large a file of one kind may be.
    struct Limits {
        /// What the file is called in messages.
        var kind: String
        var bytesMax: Int
        var nodesMax: Int

        static let recipe = Limits(kind: "recipe", bytesMax: 256 << 10, nodesMax: 4096)
        static let plan = Limits(kind: "plan", bytesMax: 16 << 20, nodesMax: 500_000)
    }

    static let bytesMax = Limits.recipe.bytesMax
    static let depthMax = 16
    /// Yams looks aliases up while it compares keys, before anybody can count nodes; so few that this costs
    /// nothing.
    private static let aliasLookalikesMax = 8

    /// The root of the only document in `text`; nil when there is nothing but comments.
    static func parse(
        _ text: String, limits: Limits = .recipe, place: (_ line: Int) -> RecipeError.Place
    ) throws(Failure) -> SettingsNode? {
        guard text.utf8.count <= limits.bytesMax else {
            throw Failure(
                message: "larger than \(limits.bytesMax >> 10) KiB, which no \(limits.kind) is", line: nil)
        }
        try refuseBombs(text, limits)
        let parser: Parser
        let root: Node?
        do {
            parser = try Parser(yaml: text)
            root = try parser.singleRoot()
        } catch let error as YamlError {
            throw failure(error)
        } catch {
            throw Failure(message: "not YAML: \(shown("\(error)"))", line: nil)
        }
        guard let root else { return nil }
        var budget = limits.nodesMax
        // Nodes refer weakly to their anchors, which the parser owns.
        return try withExtendedLifetime(parser) { () throws(Failure) in
            try convert(root, depth: 0, budget: &budget, limits, place: place)
        }
    }

    private static func convert(
        _ node: Node, depth: Int, budget: inout Int, _ limits: Limits, place: (Int) -> RecipeError.Place
    ) throws(Failure) -> SettingsNode {
        let line = node.mark?.line
        budget -= 1
        if budget < 0 {
            throw Failure(
                message: "more than \(limits.nodesMax) values, which no \(limits.kind) has", line: line)
        }
        if depth > depthMax {
            throw Failure(message: "sections within sections, \(depthMax) deep", line: line)
        }
        if node.anchor != nil {
            throw Failure(message: "anchors (&) and aliases (*) are not for \(limits.kind)s", line: line)
        }
        let here = place(line ?? 1)
        switch node {
        case .scalar(let scalar):
            let quoted = scalar.style == .singleQuoted || scalar.style == .doubleQuoted
            return SettingsNode(content: .scalar(scalar.string, quoted: quoted), place: here)
        case .sequence(let sequence):
            var list: [SettingsNode] = []
            for element in sequence {
                list.append(try convert(element, depth: depth + 1, budget: &budget, limits, place: place))
            }
            return SettingsNode(content: .list(list), place: here)
        case .mapping(let mapping):
            var members: [SettingsNode.Member] = []
            for (key, value) in mapping {
                guard case .scalar(let name) = key, key.anchor == nil else {
                    throw Failure(message: "a key must be plain text", line: key.mark?.line)
                }
                let keyPlace = key.mark.map { place($0.line) }
                var node = try convert(value, depth: depth + 1, budget: &budget, limits, place: place)
                if let keyPlace { node = SettingsNode(content: node.content, place: keyPlace) }
                members.append(SettingsNode.Member(key: name.string, node: node))
            }
            return SettingsNode(content: .mapping(members), place: here)
        case .alias:
            throw Failure(message: "anchors (&) and aliases (*) are not for \(limits.kind)s", line: line)
        }
    }

    /// Bounds the aliases before the parser sees them, by counting what could be one. libyaml bounds the
    /// nesting.
    private static func refuseBombs(_ text: String, _ limits: Limits) throws(Failure) {
        var aliases = 0
        var previous: UInt8 = 0
        for byte in text.utf8 {
            if previous == UInt8(ascii: "*"), byte > UInt8(ascii: " "), byte != previous { aliases += 1 }
            if aliases > aliasLookalikesMax {
                throw Failure(message: "anchors (&) and aliases (*) are not for \(limits.kind)s", line: nil)
            }
            previous = byte
        }
    }

    private static func failure(_ error: YamlError) -> Failure {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return Failure(message: "not YAML: \(problem)", line: mark.line)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.map { "\"\(shown($0))\"" }.joined(separator: ", ")
            return Failure(message: "the key \(names) is there twice", line: max(context.mark.line, 1))
        case .reader(let problem, _, _, _):
            return Failure(message: "not YAML: \(problem)", line: nil)
        default:
            return Failure(message: "not YAML: \(shown("\(error)".replacing("\n", with: " ")))", line: nil)
        }
    }
}
