/// The data sets that can be read. The raw value is the name used in recipes.
public enum DataFormat: String, CaseIterable, Sendable {
    /// Made on the fly from a seed; needs no files.
    case synthetic
    /// CIFAR-10, original binary files.
    case cifar10
    /// CIFAR-100, original binary files; the fine labels are trained on.
    case cifar100
    /// The layout of Tiny-ImageNet-200: 64×64 JPEGs, `wnids.txt`, `val/val_annotations.txt`.
    case tinyImageNet = "tiny-imagenet"
    /// JPEGs of any size in `train/CLASS/` and `val/CLASS/`.
    case imageFolder = "imagefolder"

    /// The name used in recipes.
    public var name: String { rawValue }

    /// Whether `DataOptions.path` must be given.
    public var needsPath: Bool { self != .synthetic }

    /// The side of the square images that a network sees, where the format fixes it; nil where the recipe
    /// chooses.
    public var fixedImageSize: Int? {
        switch self {
        case .synthetic, .cifar10, .cifar100: 32
        case .tinyImageNet: 64
        case .imageFolder: nil
        }
    }

    /// The side used when the recipe does not choose one.
    public var defaultImageSize: Int { fixedImageSize ?? 224 }
}
