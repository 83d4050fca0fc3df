import NeuralNet

/// What a network is built for.
struct GraphOptions: Sendable {
    /// Side of the square input image, in pixels.
    let input: Int
    let classes: Int
    /// Multiplier of every layer's channels.
    let width: Double
    /// Whether a hypernetwork makes the weights.
    let forHypernetwork: Bool
    /// Of convolutions whose groups have several channels.
    let groupPruning: GroupPruning

    /// `channels` times the width, rounded, at least 1.
    func scaled(_ channels: Int) -> Int {
        max(1, Int((Double(channels) * width).rounded()))
    }
}
