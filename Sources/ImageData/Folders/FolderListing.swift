/// The JPEGs found so far in a data set's folders.
struct FolderListing {
    let root: String
    private(set) var files: [(name: String, bytes: Int, label: Int)] = []

    /// Subfolders visited: links that lead back would be walked for ever, or multiply.
    private var visited: Set<Folder.Identity> = []

    init(root: String) {
        self.root = root
    }

    /// Adds one file by its path below the root.
    mutating func add(_ name: String, bytes: Int, label: Int) {
        files.append((name, bytes, label))
    }

    /// Adds the JPEGs in folder `name`, and in its subfolders down to `depth` levels.
    mutating func add(
        _ name: String, label: Int, depth: Int, _ problems: inout Problems
    ) throws(DataError) {
        for entry in try Folder.entries("\(root)/\(name)") {
            let path = "\(name)/\(entry.name)"
            if entry.isFolder {
                guard depth > 0 else {
                    problems.add("folder \(path) is nested too deeply")
                    continue
                }
                guard visited.insert(entry.identity).inserted else {
                    problems.add("folder \(path) was reached before by another path")
                    continue
                }
                try add(path, label: label, depth: depth - 1, &problems)
            } else if Self.isJpeg(entry.name) {
                add(path, bytes: entry.bytes, label: label)
            } else if ImageFolderLayout.otherImages.contains(Self.suffix(entry.name)) {
                problems.add("\(path) is not a JPEG")
            }
        }
    }

    static func isJpeg(_ name: String) -> Bool { ["jpeg", "jpg"].contains(suffix(name)) }

    /// What follows the last dot, in lower case.
    static func suffix(_ name: String) -> String {
        guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return "" }
        return name[name.index(after: dot)...].lowercased()
    }

    func makeSet(
        _ format: DataFormat, split: String, classNames: [String], side: Int, view: JpegImageSet.View,
        pool: DecoderPool
    ) -> any ImageSet {
        var fingerprint = Fingerprint(
            format: format, split: split, classNames: classNames, count: files.count)
        var table = FileTable()
        for file in files {
            fingerprint.add(name: file.name, bytes: file.bytes, label: file.label)
            table.append(file.name, label: file.label)
        }
        return JpegImageSet(
            root: root, files: table, classNames: classNames, fingerprint: fingerprint.finish(), side: side,
            view: view, normalization: Normalization(format), pool: pool)
    }
}
