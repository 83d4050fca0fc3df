/// Where an ``Executor`` draws the line between memory and time. Results in bf16 depend on it: sums of norms
/// are rounded by tiles.
public struct ProgramOptions: Hashable, Sendable {
    /// Bytes that a work on one tile should touch at most: so many fit in the second cache of one core.
    public var tileBytes = 1 << 20
    /// In a row of residual blocks the output of each needs that of the one before. So many are made again at
    /// once in the backward pass, and take memory at once, and the next is kept.
    public var blocksAgain = 6

    public init() {}
}
