/// The layout of Tiny-ImageNet-200. `wnids.txt` lists the classes in the order of their labels; training
/// images are in `train/WNID/images`; `val/val_annotations.txt` gives the class of each file in `val/images`.
///
/// Strict: one error names every missing or unknown class, missing image and image that no line names. Boxes
/// are not used and not looked at; a byte-order mark and blank lines are skipped; pictures other than 64×64
/// are refused.
struct TinyImageNetLayout {
    let root: String

    private static let advice = "restore the data set's own files"

    func open() throws(DataError) -> (train: any ImageSet, test: any ImageSet) {
        try Folder.require(root, what: "the folder of wnids.txt, train and val")
        let classes = try Self.classes(root + "/wnids.txt")
        var problems = Problems()
        let train = try readTrain(classes, &problems)
        let test = try readVal(classes, &problems)
        try problems.check(root, advice: Self.advice)
        let pool = DecoderPool()
        func makeSet(_ listing: FolderListing, _ split: String) -> any ImageSet {
            listing.makeSet(
                .tinyImageNet, split: split, classNames: classes, side: 64, view: .whole, pool: pool)
        }
        return (makeSet(train, "train"), makeSet(test, "val"))
    }

    /// The classes that a file like `wnids.txt` lists.
    static func classes(_ path: String) throws(DataError) -> [String] {
        let lines = try TextLines(path)
        var classes: [String] = []
        var seen: Set<String> = []
        for (number, text) in lines.lines {
            let name = text.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
            guard Folder.isPlain(name) else { throw lines.error("is no class name: \(name)", line: number) }
            guard seen.insert(name).inserted else { throw lines.error("repeats class \(name)", line: number) }
            classes.append(name)
        }
        guard !classes.isEmpty else { throw DataError("names no class", at: path, advice: Self.advice) }
        return classes
    }

    private func readTrain(_ classes: [String], _ problems: inout Problems) throws(DataError) -> FolderListing
    {
        var listing = FolderListing(root: root)
        let present = Set(try Folder.entries(root + "/train").filter(\.isFolder).map(\.name))
        for (label, name) in classes.enumerated() {
            guard present.contains(name) else {
                problems.add("class \(name) has no folder in train")
                continue
            }
            let before = listing.files.count
            try listing.add("train/\(name)/images", label: label, depth: 0, &problems)
            if listing.files.count == before { problems.add("class \(name) has no training image") }
        }
        for name in present.subtracting(classes).sorted() {
            problems.add("train/\(name) is not in wnids.txt")
        }
        return listing
    }

    private func readVal(_ classes: [String], _ problems: inout Problems) throws(DataError) -> FolderListing {
        let labels = problems.labels(classes)
        let path = root + "/val/val_annotations.txt"
        var sizes: [String: Int] = [:]
        for entry in try Folder.entries(root + "/val/images") where !entry.isFolder {
            sizes[entry.name] = entry.bytes
        }
        var listing = FolderListing(root: root)
        var named: Set<String> = []
        for (number, file, name) in try Self.annotations(path) {
            named.insert(file)
            if let label = labels[name], let bytes = sizes[file] {
                listing.add("val/images/\(file)", bytes: bytes, label: label)
            } else if labels[name] == nil {
                problems.add("line \(number) of val_annotations.txt gives \(file) the unknown class \(name)")
            } else {
                problems.add("line \(number) of val_annotations.txt names the missing file \(file)")
            }
        }
        for name in sizes.keys.sorted() where FolderListing.isJpeg(name) && !named.contains(name) {
            problems.add("no line of val_annotations.txt names \(name)")
        }
        return listing
    }

    /// Line number, file name and class of each line; columns are separated by tabs, the first two are used.
    static func annotations(_ path: String) throws(DataError) -> [(line: Int, file: String, name: String)] {
        let lines = try TextLines(path)
        var entries: [(line: Int, file: String, name: String)] = []
        var seen: Set<String> = []
        for (number, text) in lines.lines {
            let columns = text.split(separator: "\t", omittingEmptySubsequences: false)
            guard columns.count >= 2 else {
                throw lines.error("has no tab between file and class", line: number)
            }
            let file = String(columns[0])
            guard Folder.isPlain(file) else {
                throw lines.error("is no plain file name: \(file)", line: number)
            }
            guard seen.insert(file).inserted else { throw lines.error("names \(file) again", line: number) }
            entries.append((number, file, String(columns[1])))
        }
        guard !entries.isEmpty else { throw DataError("has no entries", at: path, advice: Self.advice) }
        return entries
    }
}
