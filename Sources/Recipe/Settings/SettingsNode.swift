/// A recipe as a tree of text, with the place where each part was written: YAML without types, anchors and
/// tags.
struct SettingsNode {
    struct Member {
        let key: String
        var node: SettingsNode
    }

    enum Content {
        /// `quoted`: it was written in quotes, so it is text whatever it looks like.
        case scalar(String, quoted: Bool)
        case list([SettingsNode])
        case mapping([Member])
    }

    var content: Content
    let place: RecipeError.Place

    /// Written as nothing, `null` or `~`: as if the key were not there.
    var isNull: Bool {
        if case .scalar(let text, quoted: false) = content {
            return ["", "~", "null", "Null", "NULL"].contains(text)
        }
        return false
    }

    /// What it is, for a message about what it should have been.
    var summary: String {
        switch content {
        case .scalar(let text, let quoted):
            quoted ? "the quoted text \"\(shown(text))\"" : "\"\(shown(text))\""
        case .list: "a list"
        case .mapping: "a section"
        }
    }

    /// Puts `value` at `path`, making sections where there are none. What stands in the way is replaced.
    ///
    /// `exclusive`: groups of keys of which one replaces the others, by the path of their section.
    mutating func set(_ path: ArraySlice<String>, to value: SettingsNode, exclusive: Set<String>) {
        guard let key = path.first else {
            self = value
            return
        }
        var members: [Member] = []
        if case .mapping(let existing) = content { members = existing }
        if exclusive.contains(key) { members.removeAll { $0.key != key && exclusive.contains($0.key) } }
        let index = members.firstIndex { $0.key == key } ?? members.endIndex
        if index == members.endIndex {
            members.append(Member(key: key, node: SettingsNode(content: .mapping([]), place: value.place)))
        }
        members[index].node.set(path.dropFirst(), to: value, exclusive: exclusive)
        content = .mapping(members)
    }
}
