/// The built-in set: ten outlines on cluttered grounds, 32×32, as many as asked for.
struct SyntheticLayout {
    let options: DataOptions

    /// Three kilobytes an image: 3 GB.
    static let countMax = 1_000_000
    /// To be raised with any change of what is painted: it is part of the fingerprint.
    static let version = 1

    init(_ options: DataOptions) throws(DataError) {
        self.options = options
        for (key, count) in [("train", options.syntheticTrainCount), ("test", options.syntheticTestCount)] {
            guard count >= 1 && count <= Self.countMax else {
                throw DataError(
                    "\(count) images are out of range", at: "the synthetic set's \(key) count",
                    advice: "choose 1…\(Self.countMax)")
            }
        }
    }

    func open() -> (train: any ImageSet, test: any ImageSet) {
        (makeSet("train", options.syntheticTrainCount), makeSet("test", options.syntheticTestCount))
    }

    private func makeSet(_ split: String, _ count: Int) -> any ImageSet {
        let classNames = SyntheticShape.allCases.map(\.name)
        var fingerprint = Fingerprint(format: .synthetic, split: split, classNames: classNames, count: count)
        fingerprint.add(
            name: "version \(Self.version) seed \(options.seed)", bytes: count * SyntheticPictures.imageBytes)
        return PlanarImageSet(
            count: count, classNames: classNames, fingerprint: fingerprint.finish(),
            side: SyntheticPainter.side,
            labels: (0..<count).map(SyntheticPictures.label),
            source: SyntheticPictures(seed: options.seed, split: split, count: count),
            normalization: Normalization(.synthetic), pad: 4)
    }
}
