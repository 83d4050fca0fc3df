import TensorCore

/// A convolution of the program, with what its passes need to know beside the buffers.
struct ConvolutionLayer: Hashable {
    var geometry: ConvolutionGeometry
    var tiles = ConvolutionTiles()
    /// Segments of the reduction, which are also tensors of the parameter layout.
    var weight: Int
    var bias: Int?
    /// Whether anything before it has parameters.
    var needsInputGradient: Bool
}

/// A linear layer over flattened activations of `pixels` × `channels`.
struct LinearLayer: Equatable {
    var pixels: Int
    var channels: Int
    var outFeatures: Int
    var weight: Int
    var bias: Int

    var inFeatures: Int { pixels * channels }
}

/// A batch norm over `rows` pixels of a slice.
struct NormLayer: Equatable {
    var channels: Int
    var rows: Int
    var epsilon: Float
    var scale: Int
    var shift: Int
    var runningMean: Int
    var runningVariance: Int
    /// Where its channels begin among those of all norms.
    var channelOffset: Int
    /// Fused with it.
    var activation: Activation?
    /// Whether the activation comes after a fused add.
    var hasResidual: Bool
}

/// Some of the channels of a wider value: one input of a concatenation, over `rows` pixels of a slice.
struct ChannelPart: Equatable {
    var rows: Int
    var channels: Int
    /// Where its channels begin among those of the wider value, and how many that has.
    var first: Int
    var width: Int
}

/// A number for each channel of each of a slice's images.
struct ScaleLayer: Equatable {
    var pixels: Int
    var channels: Int
}

/// A mean over all pixels of an image.
struct AverageLayer: Equatable {
    var pixels: Int
    var channels: Int
}
