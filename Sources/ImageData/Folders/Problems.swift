/// Collects what is wrong with a data set's folder, so that one error names it all.
struct Problems {
    static let namedMax = 6
    private var named: [String] = []
    private var count = 0

    mutating func add(_ problem: String) {
        count += 1
        if named.count < Self.namedMax { named.append(problem) }
    }

    /// The label of each class: its place in `classes`. Two names that are the same text in different Unicode
    /// forms count as a problem, since such a set would not survive being copied between file systems.
    mutating func labels(_ classes: [String]) -> [String: Int] {
        var labels: [String: Int] = [:]
        for (label, name) in classes.enumerated() where labels.updateValue(label, forKey: name) != nil {
            add("class \(name) is there twice, in two Unicode forms")
        }
        return labels
    }

    /// Throws when anything was added.
    func check(_ place: String, advice: String) throws(DataError) {
        if count == 0 { return }
        var text = named.joined(separator: ", ")
        if count > named.count { text += " and \(count - named.count) more" }
        throw DataError(count == 1 ? text : "\(count) problems: \(text)", at: place, advice: advice)
    }
}
