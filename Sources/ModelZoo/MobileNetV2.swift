import NeuralNet

/// MobileNetV2 (Sandler, Howard, Zhu, Zhmoginov, Chen: "MobileNetV2: inverted residuals and linear
/// bottlenecks", CVPR 2018) as figures: its stages, and where it has strides.
///
/// As in the papers' code every layer's channels are multiplied by the width alone: they are not rounded to
/// multiples of 8, and the last convolution has no least number. The dropout before the classifier is left
/// out. The form for a hypernetwork is the plain one.
struct MobileNetV2: Architecture {
    static let stemChannels = 32
    static let lastChannels = 1280
    /// The paper's table 2.
    static let stages: [InvertedResidualStage] = [
        .init(expansion: 1, channels: 16, blocks: 1, stride: 1),
        .init(expansion: 6, channels: 24, blocks: 2, stride: 2),
        .init(expansion: 6, channels: 32, blocks: 3, stride: 2),
        .init(expansion: 6, channels: 64, blocks: 4, stride: 2),
        .init(expansion: 6, channels: 96, blocks: 3, stride: 1),
        .init(expansion: 6, channels: 160, blocks: 3, stride: 2),
        .init(expansion: 6, channels: 320, blocks: 1, stride: 1),
    ]

    let name = "mobilenetv2"

    func graph(_ options: GraphOptions) -> Graph {
        var builder = NetworkBuilder(name: name, input: options.input)
        var names = ModuleNames("features", isNested: true)
        builder.convolve(
            names.triple(), options.scaled(Self.stemChannels), kernel: 3,
            stride: options.input < InputSides.tinyImageNet ? 1 : 2, then: .relu6)
        for (index, stage) in Self.stages.enumerated() {
            // On CIFAR and Tiny-ImageNet the second stage keeps the size.
            let first = index == 1 && options.input < InputSides.imageNet ? 1 : stage.stride
            for block in 0..<stage.blocks {
                builder.add(
                    InvertedResidual(
                        inner: builder.shape.channels * stage.expansion,
                        channels: options.scaled(stage.channels), stride: block == 0 ? first : 1,
                        activation: .relu6),
                    ModuleNames("\(names.next()).conv", isNested: true))
            }
        }
        builder.convolve(names.triple(), options.scaled(Self.lastChannels), kernel: 1, then: .relu6)
        builder.pool()
        return builder.finish("classifier.1", classes: options.classes)
    }
}
