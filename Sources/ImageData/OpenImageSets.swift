/// Opens the training and the test split of a data set.
///
/// Lists folders and checks their form; JPEGs are decoded later, when they are written. CIFAR's files are
/// read into memory as they are; the synthetic set is painted when first used.
///
/// - Throws: ``DataError`` naming the first fault, or, for folders, all faults.
public func openImageSets(_ options: DataOptions) throws(DataError) -> (
    train: any ImageSet, test: any ImageSet
) {
    let size = try checkedImageSize(options)
    let path = options.path ?? ""
    guard !options.format.needsPath || !path.isEmpty else {
        throw DataError("needs a folder", at: "data.format \(options.format.name)", advice: "set data.path")
    }
    guard !path.utf8.contains(0) else {
        throw DataError("holds a zero byte", at: "data.path", advice: "correct the path")
    }
    switch options.format {
    case .synthetic: return try SyntheticLayout(options).open()
    case .cifar10: return try CifarLayout.cifar10.open(path)
    case .cifar100: return try CifarLayout.cifar100.open(path)
    case .tinyImageNet: return try TinyImageNetLayout(root: path).open()
    case .imageFolder: return try ImageFolderLayout(root: path, imageSize: size).open()
    }
}

/// Sides that can be asked for where the format leaves the choice.
let imageSizes = 8...2048

private func checkedImageSize(_ options: DataOptions) throws(DataError) -> Int {
    let size = options.imageSize ?? options.format.defaultImageSize
    if let fixed = options.format.fixedImageSize, size != fixed {
        throw DataError(
            "\(size) does not fit \(options.format.name), whose images are \(fixed)×\(fixed)",
            at: "data.image_size",
            advice: "leave it out, or set \(fixed)")
    }
    guard imageSizes.contains(size) else {
        throw DataError(
            "\(size) is out of range", at: "data.image_size",
            advice: "choose \(imageSizes.lowerBound)…\(imageSizes.upperBound)")
    }
    return size
}
