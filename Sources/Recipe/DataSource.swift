extension Recipe {
    /// Where the images come from.
    public struct DataSource: Equatable, Sendable {
        public enum Format: String, Equatable, Sendable, CaseIterable {
            /// Made on the fly; needs no files.
            case synthetic
            /// Original binary files, 32×32.
            case cifar10
            case cifar100
            /// Tiny-ImageNet-200's folders, 64×64.
            case tinyImagenet = "tiny-imagenet"
            /// A folder of images for each class, below `train` and `val`.
            case imagefolder
        }

        public var format: Format
        /// The data set's folder; nil for synthetic images only.
        public var path: String?
        /// Side of the square images that the network sees, in pixels.
        public var imageSize: Int
        /// Synthetic images in the training set and in the test set; nil for other formats.
        public var trainCount: Int?
        public var testCount: Int?
    }
}

extension Recipe.DataSource.Format {
    /// The side of the images in pixels, where the format fixes it; nil where the recipe may choose.
    var fixedImageSize: Int? {
        switch self {
        case .synthetic, .cifar10, .cifar100: 32
        case .tinyImagenet: 64
        case .imagefolder: nil
        }
    }
}
