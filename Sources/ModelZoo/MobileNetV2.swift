import NeuralNet

/// MobileNetV2 (Sandler, Howard, Zhu, Zhmoginov, Chen: "MobileNetV2: inverted residuals and linear
/// bottlenecks", CVPR 2018) as figures: its stages, and where it has strides.
///
/// As in the papers' code every layer's channels are multiplied by the width alone: they are not rounded to
/// multiples of 8, and the last convolution has no least number. The dropout before the classifier is left
/// out. The form for a hypernetwork is the plain one.
struct MobileNetV2: Architecture {
    struct Stage: Sendable {
        /// Channels inside a block, as a multiple of its input's.
        let expansion: Int
        let channels: Int
        let blocks: Int
        /// Of the first block; the others have 1.
        let stride: Int
    }

    static let stemChannels = 32
    static let lastChannels = 1280
    /// The paper's table 2.
    static let stages = [
        Stage(expansion: 1, channels: 16, blocks: 1, stride: 1),
        Stage(expansion: 6, channels: 24, blocks: 2, stride: 2),
        Stage(expansion: 6, channels: 32, blocks: 3, stride: 2),
        Stage(expansion: 6, channels: 64, blocks: 4, stride: 2),
        Stage(expansion: 6, channels: 96, blocks: 3, stride: 1),
        Stage(expansion: 6, channels: 160, blocks: 3, stride: 2),
        Stage(expansion: 6, channels: 320, blocks: 1, stride: 1),
    ]
    /// Below this side (CIFAR's 32) the stem has stride 1.
    static let stridedStemSide = 64
    /// Below this side (CIFAR's 32, Tiny-ImageNet's 64) the second stage has stride 1.
    static let stridedSecondStageSide = 96

    let name = "mobilenetv2"

    func graph(input: Int, classes: Int, width: Double, forHypernetwork: Bool) -> Graph {
        var builder = InvertedResidualBuilder(name: name, input: input)
        func scaled(_ channels: Int) -> Int { Self.scaled(channels, width: width) }
        builder.convolve(
            "features.0.0", "features.0.1", scaled(Self.stemChannels), kernel: 3,
            stride: input < Self.stridedStemSide ? 1 : 2)
        builder.activate("features.0.2")
        var feature = 1
        for (index, stage) in Self.stages.enumerated() {
            let first = index == 1 && input < Self.stridedSecondStageSide ? 1 : stage.stride
            for block in 0..<stage.blocks {
                builder.addBlock(
                    "features.\(feature).conv", channels: scaled(stage.channels),
                    expansion: stage.expansion, stride: block == 0 ? first : 1)
                feature += 1
            }
        }
        builder.convolve(
            "features.\(feature).0", "features.\(feature).1", scaled(Self.lastChannels), kernel: 1)
        builder.activate("features.\(feature).2")
        return builder.finish(classes: classes)
    }
}
