/// Some ``InvertedResidual`` blocks, one after the other, as the papers' tables have them.
struct InvertedResidualStage: Sendable {
    var kernel = 3
    /// Channels inside a block, as a multiple of its input's.
    let expansion: Int
    let channels: Int
    let blocks: Int
    /// Of the first block; the others have 1.
    let stride: Int
}
