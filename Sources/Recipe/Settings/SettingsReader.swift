/// Takes typed values out of one section of a recipe and collects what is wrong with them.
///
/// A getter returns nil when the key is absent or its value unusable; only the latter adds a problem, so the
/// reader of the recipe goes on with the default and finds the other problems too. `finish` reports the keys
/// nobody asked for.
final class SettingsReader {
    /// Shared by the sections of one recipe.
    final class Problems {
        var list: [RecipeError.Problem] = []
    }

    let path: [String]
    let problems: Problems
    private let members: [SettingsNode.Member]
    private let place: RecipeError.Place
    private var known: [String] = []

    init(_ node: SettingsNode, path: [String], problems: Problems) {
        self.path = path
        self.problems = problems
        place = node.place
        if case .mapping(let members) = node.content { self.members = members } else { members = [] }
    }

    /// Adds a problem about `key`, or about the section as a whole.
    func report(_ key: String?, _ message: String) {
        let place = key.flatMap { key in members.first { $0.key == key }?.node.place } ?? self.place
        let full = (path + (key.map { [$0] } ?? [])).joined(separator: ".")
        problems.list.append(RecipeError.Problem(key: full, place: place, message: message))
    }

    func has(_ key: String) -> Bool { node(key) != nil }

    /// Whether the value is the word `none`: how a section is switched off by `--set`.
    func isNone(_ key: String) -> Bool {
        if case .scalar("none", quoted: false) = node(key)?.content { return true }
        return false
    }

    func section(_ key: String) -> SettingsReader? {
        guard let node = node(key) else { return nil }
        guard case .mapping = node.content else {
            report(key, "expected a section of keys, got \(node.summary)")
            return nil
        }
        return SettingsReader(node, path: path + [key], problems: problems)
    }

    /// The sections of a list; it must have some.
    func sections(_ key: String) -> [SettingsReader] {
        guard let node = node(key), case .list(let elements) = node.content, !elements.isEmpty else {
            report(key, "expected a list of sections" + (node(key).map { ", got \($0.summary)" } ?? ""))
            return []
        }
        return elements.enumerated().compactMap { index, element in
            guard case .mapping = element.content else {
                report(key, "expected a list of sections, got \(element.summary) in it")
                return nil
            }
            return SettingsReader(element, path: path + ["\(key)[\(index)]"], problems: problems)
        }
    }

    func text(_ key: String) -> String? {
        guard let node = node(key) else { return nil }
        guard case .scalar(let text, _) = node.content, !text.isEmpty else {
            report(key, "expected text, got \(node.summary)")
            return nil
        }
        return text
    }

    /// One of `choices`; others are refused with the nearest one.
    func choice(_ key: String, _ choices: [String]) -> String? {
        guard let text = text(key) else { return nil }
        if choices.contains(text) { return text }
        report(key, Self.unknown("value", text, choices))
        return nil
    }

    func choice<Value: RawRepresentable<String> & CaseIterable>(_ key: String, _ type: Value.Type) -> Value? {
        choice(key, Value.allCases.map(\.rawValue)).flatMap(Value.init(rawValue:))
    }

    /// Whether the value is one of `type`'s; reports nothing.
    func choiceIsValid<Value: RawRepresentable<String>>(_ key: String, _ type: Value.Type) -> Bool {
        guard case .scalar(let text, _) = node(key)?.content else { return false }
        return Value(rawValue: text) != nil
    }

    func boolean(_ key: String) -> Bool? {
        guard let node = node(key) else { return nil }
        if case .scalar("true", quoted: false) = node.content { return true }
        if case .scalar("false", quoted: false) = node.content { return false }
        report(key, "expected true or false, got \(node.summary)")
        return nil
    }

    func whole(_ key: String, _ range: ClosedRange<Int>) -> Int? {
        guard let node = node(key) else { return nil }
        guard let text = plain(node), Self.isWhole(text) else {
            report(key, "expected a whole number, got \(node.summary)")
            return nil
        }
        guard let value = Int(text), range.contains(value) else {
            report(key, "expected \(range.lowerBound) to \(range.upperBound), got \(shown(text))")
            return nil
        }
        return value
    }

    /// A list of whole numbers.
    func wholes(_ key: String, _ range: ClosedRange<Int>, countMax: Int) -> [Int]? {
        guard let node = node(key) else { return nil }
        guard case .list(let elements) = node.content, !elements.isEmpty, elements.count <= countMax else {
            report(key, "expected a list of 1 to \(countMax) whole numbers, got \(node.summary)")
            return nil
        }
        var values: [Int] = []
        for element in elements {
            guard let text = plain(element), Self.isWhole(text), let value = Int(text), range.contains(value)
            else {
                report(key, "expected \(range.lowerBound) to \(range.upperBound), got \(element.summary)")
                return nil
            }
            values.append(value)
        }
        return values
    }

    func number(_ key: String, _ range: NumberRange) -> Double? {
        node(key).flatMap { number($0, key, range) }
    }

    func numbers(_ key: String, _ range: NumberRange, countMax: Int) -> [Double]? {
        guard let node = node(key) else { return nil }
        guard case .list(let elements) = node.content, !elements.isEmpty, elements.count <= countMax else {
            report(key, "expected a list of 1 to \(countMax) numbers, got \(node.summary)")
            return nil
        }
        let values = elements.compactMap { number($0, key, range) }
        return values.count == elements.count ? values : nil
    }

    /// A count with an optional suffix k, M or G: 540000, 0.54M, 3.73G.
    func count(_ key: String, max: Int) -> Int? {
        guard let node = node(key) else { return nil }
        let factors: [Character: Double] = ["k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9]
        guard var text = plain(node), let last = text.last else {
            report(key, "expected a count such as 540000, 0.54M or 3.73G, got \(node.summary)")
            return nil
        }
        let factor = factors[last]
        if factor != nil { text.removeLast() }
        guard let value = Self.decimal(text) else {
            report(key, "expected a count such as 540000, 0.54M or 3.73G, got \(node.summary)")
            return nil
        }
        let scaled = (value * (factor ?? 1)).rounded()
        guard scaled >= 1, scaled <= Double(max) else {
            report(key, "expected 1 to \(max), got \(node.summary)")
            return nil
        }
        return Int(scaled)
    }

    /// Reports every key that no getter has asked for. `elsewhere`: all keys of a recipe, with their
    /// sections.
    func finish(elsewhere: [String]) {
        for member in members where !known.contains(member.key) {
            let moved = elsewhere.first { $0.hasSuffix(".\(member.key)") }
            if NearestName.of(member.key, among: known) == nil, let moved {
                report(member.key, "unknown key; did you mean \(moved)?")
            } else {
                report(member.key, Self.unknown("key", member.key, known))
            }
        }
    }

    /// "unknown …; did you mean …?", or the list of what is known.
    static func unknown(_ what: String, _ name: String, _ candidates: [String]) -> String {
        let subject = what == "key" ? "unknown key" : "unknown \(what) \"\(shown(name))\""
        if let nearest = NearestName.of(name, among: candidates) {
            return "\(subject); did you mean \(nearest)?"
        }
        return "\(subject); known: \(candidates.joined(separator: ", "))"
    }

    private func node(_ key: String) -> SettingsNode? {
        if !known.contains(key) { known.append(key) }
        guard let node = members.first(where: { $0.key == key })?.node, !node.isNull else { return nil }
        return node
    }

    private func number(_ node: SettingsNode, _ key: String, _ range: NumberRange) -> Double? {
        guard let text = plain(node), let value = Self.decimal(text) else {
            report(key, "expected a number, got \(node.summary)")
            return nil
        }
        guard range.contains(value) else {
            report(key, "expected \(range), got \(shown(text))")
            return nil
        }
        return value
    }

    private func plain(_ node: SettingsNode) -> String? {
        if case .scalar(let text, quoted: false) = node.content { return text }
        return nil
    }

    private static func isWhole(_ text: String) -> Bool {
        let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
        return !digits.isEmpty
            && digits.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// A finite decimal number; not the hexadecimal, infinite and undefined ones that `Double` also reads.
    private static func decimal(_ text: String) -> Double? {
        guard text.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }), let value = Double(text),
            value.isFinite
        else { return nil }
        return value
    }
}
