/// How hard the synthetic set is: every number that decides it, in one place. Lengths in pixels of a 32×32
/// image, light in 0…1.
enum SyntheticDifficulty {
    /// Half the size of the shape.
    static let radius: ClosedRange<Float> = 8...12
    /// Width divided by height.
    static let aspect: ClosedRange<Float> = 0.85...1.18
    /// How far the shape may stick out of the image, as a share of its radius.
    static let overhang: Float = 0
    /// Least distance between the mean colours of shape and ground (RGB distance; black to white is 1.73).
    static let contrastMin: Float = 0.55
    /// Share of pictures whose shape is lighter than the ground by at least half of `contrastMin` (on average
    /// over the channels); in the others it is darker. At 0.5 edges have no usual sign, and networks take
    /// long to start learning.
    static let lighterShare: Float = 1
    /// Largest departure of a texture's two colours from their mean, per channel.
    static let textureContrast: ClosedRange<Float> = 0.03...0.15
    /// Small strokes and dots behind the shape.
    static let clutter: ClosedRange<Int> = 2...6
    static let clutterLength: ClosedRange<Float> = 1...8
    static let clutterWidth: ClosedRange<Float> = 0.6...1.5
    /// Largest noise per channel.
    static let noise: ClosedRange<Float> = 0.02...0.08
}
