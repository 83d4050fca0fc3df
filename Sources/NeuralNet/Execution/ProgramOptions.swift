/// Where an ``Executor`` draws the line between memory and time. Results depend on it: weights' gradients,
/// and in bf16 sums of norms, are rounded by tiles.
public struct ProgramOptions: Hashable, Sendable {
    /// Bytes that a work on one tile should touch at most: what a few works touch fits in the second cache
    /// of one core.
    public var tileBytes = 1 << 19
    /// But not less than so many times the bytes of a weight, all of which is read for each tile.
    public var tileBytesPerWeightByte = 1
    /// Output pixels over which a weight's gradient is summed at least before it is added to what is there:
    /// fewer would walk it too often.
    public var gradientPixelsMin = 256
    /// In a row of residual blocks the output of each needs that of the one before. So many are made again at
    /// once in the backward pass, and take memory at once, and the next is kept.
    public var blocksAgain = 6

    public init() {}
}
