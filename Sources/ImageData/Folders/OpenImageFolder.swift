/// The layout of torchvision's ImageFolder, twice: `train/CLASS/…` and `val/CLASS/…`.
///
/// Rules: classes are the folders in `train`, sorted by the bytes of their names; `val` uses the same labels,
/// may lack a class and must not have others. JPEGs (.jpeg, .jpg, any case) are found in subfolders of a
/// class too, sorted by path. Images of other formats are an error; files directly in `train`, other files,
/// and names that start with a dot are ignored. A class of `train` without images is an error.
struct ImageFolderLayout {
    let root: String
    let imageSize: Int

    static let depthMax = 8
    /// Extensions of image files that are not read: they are refused rather than dropped.
    static let otherImages: Set<String> = ["png", "gif", "bmp", "webp", "tif", "tiff", "ppm", "pgm"]

    func open() throws(DataError) -> (train: any ImageSet, test: any ImageSet) {
        try Folder.require(root, what: "the folder of train and val")
        let train = root + "/train"
        let val = root + "/val"
        try Folder.require(train, what: "training images")
        try Folder.require(val, what: "validation images")
        let classes = try Folder.entries(train).filter(\.isFolder).map(\.name)
        guard !classes.isEmpty else {
            throw DataError(
                "has no class folders", at: train, advice: "put each class's JPEGs into a folder of its name")
        }
        var problems = Problems()
        let labels = problems.labels(classes)
        let trainFiles = try list("train", labels, present: classes, &problems)
        let valFiles = try list("val", labels, present: try knownClasses(val, labels, &problems), &problems)
        try problems.check(root, advice: "add what is missing or remove what is named")
        let pool = DecoderPool()
        func makeSet(_ listing: FolderListing, _ split: String) -> any ImageSet {
            listing.makeSet(
                .imageFolder, split: split, classNames: classes, side: imageSize, view: .resized, pool: pool)
        }
        return (makeSet(trainFiles, "train"), makeSet(valFiles, "val"))
    }

    /// The classes of `val`; those that `train` lacks are problems.
    private func knownClasses(
        _ val: String, _ labels: [String: Int], _ problems: inout Problems
    ) throws(DataError) -> [String] {
        let present = try Folder.entries(val).filter(\.isFolder).map(\.name)
        for name in present where labels[name] == nil {
            problems.add("class \(name) of val is not in train")
        }
        return present.filter { labels[$0] != nil }
    }

    private func list(
        _ split: String, _ labels: [String: Int], present: [String], _ problems: inout Problems
    ) throws(DataError) -> FolderListing {
        var listing = FolderListing(root: root)
        for name in present {
            guard let label = labels[name] else { continue }
            let before = listing.files.count
            try listing.add("\(split)/\(name)", label: label, depth: Self.depthMax, &problems)
            if split == "train" && listing.files.count == before {
                problems.add("class \(name) has no JPEG in train")
            }
        }
        if split == "val" && listing.files.isEmpty { problems.add("no known class has a JPEG in val") }
        return listing
    }
}
