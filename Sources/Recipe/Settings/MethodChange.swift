/// What `--set shrink.method=…` leaves of the file's `shrink` section: another method's keys go, so that one
/// recipe serves for comparing methods. What other `--set`s say stays, and is checked.
enum MethodChange {
    /// The method that a recipe's file names; nil where it names none.
    static func method(of root: SettingsNode) -> Recipe.Shrink.Method? {
        guard case .scalar(let name, _)? = root["shrink"]?["method"]?.content else { return nil }
        return Recipe.Shrink.Method(rawValue: name)
    }

    /// - Parameter before: the file's method.
    static func apply(to root: inout SettingsNode, before: Recipe.Shrink.Method?) {
        guard let section = root["shrink"], let node = section["method"], case .override = node.place,
            let method = method(of: root)
        else { return }
        var useless = Recipe.Shrink.Method.ownKeys.subtracting(method.keys)
        // They mean something else there.
        if (method == .dhp) != (before == .dhp) { useless.insert("steps") }
        guard case .mapping(let members) = section.content else { return }
        let rest = members.filter { member in
            guard case .line = member.node.place else { return true }
            return !useless.contains(member.key)
        }
        root.set(
            ["shrink"], to: SettingsNode(content: .mapping(rest), place: section.place), exclusive: [])
    }
}

extension SettingsNode {
    /// The member of a section; nil where there is none.
    fileprivate subscript(_ key: String) -> SettingsNode? {
        guard case .mapping(let members) = content else { return nil }
        return members.first { $0.key == key }?.node
    }
}
