/// Into how many tiles the images of a convolution are cut for a pass, each by a call of its own: what one
/// pass leaves of a tile is still in cache when the next reads it.
public struct ConvolutionTiles: Hashable, Sendable {
    /// Counts that ``ConvolutionGeometry/canBeCut(in:)``.
    public var forward: Int
    public var inputGradient: Int
    /// Not 1 only on paths that ``ConvolutionPaths/WeightGradient/canAdd``, of convolutions without a bias.
    public var weightGradient: Int

    public init(forward: Int = 1, inputGradient: Int = 1, weightGradient: Int = 1) {
        self.forward = forward
        self.inputGradient = inputGradient
        self.weightGradient = weightGradient
    }

    var all: [Int] { [forward, inputGradient, weightGradient] }
}

extension ConvolutionGeometry {
    /// Whether so many tiles are equal ones of whole images or, where pixels are taken by themselves, of
    /// whole rows.
    public func canBeCut(in tiles: Int) -> Bool {
        if images % tiles == 0 { return true }
        return isPointwise && tiles % images == 0 && inHeight % (tiles / images) == 0
    }

    /// Of one tile.
    func tile(of tiles: Int) -> ConvolutionGeometry {
        var tile = self
        tile.images = max(1, images / tiles)
        if tiles > images { tile.inHeight = inHeight / (tiles / images) }
        return tile
    }
}
