/// What to open: the data part of a recipe, already typed.
public struct DataOptions: Equatable, Sendable {
    public var format: DataFormat
    /// The data set's folder; unused by `.synthetic`.
    public var path: String?
    /// Side of the square images, in pixels; nil for the format's default. Only `.imageFolder` lets it be
    /// chosen.
    public var imageSize: Int?
    /// Seed of the synthetic set's images. Augmentation has its own, see ``Augmentation/Draw``.
    public var seed: UInt64
    /// Images in the synthetic training set.
    public var syntheticTrainCount: Int
    /// Images in the synthetic test set.
    public var syntheticTestCount: Int

    public init(
        format: DataFormat, path: String? = nil, imageSize: Int? = nil, seed: UInt64 = 0,
        syntheticTrainCount: Int = 8_000, syntheticTestCount: Int = 2_000
    ) {
        self.format = format
        self.path = path
        self.imageSize = imageSize
        self.seed = seed
        self.syntheticTrainCount = syntheticTrainCount
        self.syntheticTestCount = syntheticTestCount
    }
}
