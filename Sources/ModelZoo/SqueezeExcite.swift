import NeuralNet

/// A gate for channels (Hu, Shen, Sun: "Squeeze-and-excitation networks", CVPR 2018): the channels' means go
/// through two layers with biases, and what comes out scales the channels.
struct SqueezeExcite: Sendable {
    /// Channels between the two layers.
    let squeezed: Int
    /// After the first layer.
    let activation: Activation
    /// After the second.
    let gate: Activation
    /// Whether the papers' code has linear layers here instead of 1×1 convolutions.
    var isLinear = false
}
