import NeuralNet

/// EfficientNet-B0 (Tan, Le: "EfficientNet: rethinking model scaling for convolutional neural networks", ICML
/// 2019) as figures: its stages.
///
/// Channels are multiplied by the width alone; squeeze-excite has a quarter of a block's input channels.
/// Dropout and drop-connect are left out. The form for a hypernetwork is the plain one.
struct EfficientNet: Architecture {
    static let stemChannels = 32
    static let lastChannels = 1280
    /// The paper's table 1.
    static let stages: [InvertedResidualStage] = [
        .init(kernel: 3, expansion: 1, channels: 16, blocks: 1, stride: 1),
        .init(kernel: 3, expansion: 6, channels: 24, blocks: 2, stride: 2),
        .init(kernel: 5, expansion: 6, channels: 40, blocks: 2, stride: 2),
        .init(kernel: 3, expansion: 6, channels: 80, blocks: 3, stride: 2),
        .init(kernel: 5, expansion: 6, channels: 112, blocks: 3, stride: 1),
        .init(kernel: 5, expansion: 6, channels: 192, blocks: 4, stride: 2),
        .init(kernel: 3, expansion: 6, channels: 320, blocks: 1, stride: 1),
    ]

    let name = "efficientnet-b0"

    func graph(_ options: GraphOptions) -> Graph {
        var builder = NetworkBuilder(name: name, input: options.input)
        var names = ModuleNames("features", isNested: true)
        builder.convolve(
            names.triple(), options.scaled(Self.stemChannels), kernel: 3,
            stride: options.input < InputSides.imageNet ? 1 : 2, then: .swish)
        for (index, stage) in Self.stages.enumerated() {
            // On CIFAR the second and the third stage keep the size.
            let first = index < 3 && options.input < InputSides.tinyImageNet ? 1 : stage.stride
            for block in 0..<stage.blocks {
                let channels = builder.shape.channels
                builder.add(
                    InvertedResidual(
                        inner: channels * stage.expansion, channels: options.scaled(stage.channels),
                        kernel: stage.kernel, stride: block == 0 ? first : 1, activation: .swish,
                        gate: SqueezeExcite(
                            squeezed: max(1, channels / 4), activation: .swish, gate: .sigmoid)),
                    ModuleNames("\(names.next()).conv"))
            }
        }
        builder.convolve(names.triple(), options.scaled(Self.lastChannels), kernel: 1, then: .swish)
        builder.pool()
        return builder.finish("classifier", classes: options.classes)
    }
}
