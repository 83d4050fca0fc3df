/// Into how many tiles the images of a convolution are cut for a pass, each by a call of its own: what one
/// pass leaves of a tile is still in cache when the next reads it. The weight's gradient is of all images at
/// once.
public struct ConvolutionTiles: Hashable, Sendable {
    /// Divisors of the images.
    public var forward: Int
    public var inputGradient: Int

    public init(forward: Int = 1, inputGradient: Int = 1) {
        self.forward = forward
        self.inputGradient = inputGradient
    }
}

extension ConvolutionGeometry {
    /// Of one tile.
    func tile(of tiles: Int) -> ConvolutionGeometry {
        var tile = self
        tile.images = images / tiles
        return tile
    }
}
