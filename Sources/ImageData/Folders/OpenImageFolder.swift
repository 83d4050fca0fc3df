/// The layout of torchvision's ImageFolder, twice: `train/CLASS/…` and `val/CLASS/…`.
///
/// Rules: classes are the folders in `train`, sorted by the bytes of their names; `val` uses the same labels, may lack
/// a class and must not have others. JPEGs (.jpeg, .jpg, any case) are found in subfolders of a class too, sorted by path.
/// Images of other formats are an error; files directly in `train`, other files, and names that start with a dot are
/// ignored. A class of `train` without images is an error.
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
        let pool = DecoderPool()
        return (
            try read("train", classes, present: classes, pool),
            try read("val", classes, present: validated(val, classes), pool)
        )
    }

    private func validated(_ val: String, _ classes: [String]) throws(DataError) -> [String] {
        let present = try Folder.entries(val).filter(\.isFolder).map(\.name)
        let known = Set(classes)
        var problems = Problems()
        for name in present where !known.contains(name) { problems.add("class \(name) is not in train") }
        try problems.check(val, advice: "remove these folders, or add their classes to train")
        return present
    }

    private func read(
        _ split: String, _ classes: [String], present: [String], _ pool: DecoderPool
    ) throws(DataError) -> any ImageSet {
        let labels = Dictionary(uniqueKeysWithValues: zip(classes, classes.indices))
        var listing = FolderListing(root: root)
        for name in present {
            guard let label = labels[name] else { continue }
            let before = listing.files.count
            try listing.add("\(split)/\(name)", label: label, depth: Self.depthMax)
            if split == "train" && listing.files.count == before {
                listing.problems.add("class \(name) has no JPEG")
            }
        }
        if split == "val" && listing.files.isEmpty { listing.problems.add("no JPEGs in any class") }
        try listing.problems.check("\(root)/\(split)", advice: "add JPEGs or remove what is named")
        return listing.makeSet(
            .imageFolder, split: split, classNames: classes, side: imageSize, view: .resized, pool: pool)
    }
}
