import NeuralNet

/// MnasNet-B1 (Tan and others: "MnasNet: platform-aware neural architecture search for mobile", CVPR 2019) as
/// figures: its stages.
///
/// As in the papers' code the width multiplies the stages' channels alone: the stem, the separable
/// convolution after it and the last convolution stay, and the stem has stride 2 for Tiny-ImageNet's size
/// alone. The dropout before the classifier is left out. The form for a hypernetwork is the plain one.
struct MnasNet: Architecture {
    static let stemChannels = 32
    static let separableChannels = 16
    static let lastChannels = 1280
    static let stages: [InvertedResidualStage] = [
        .init(kernel: 3, expansion: 3, channels: 24, blocks: 3, stride: 2),
        .init(kernel: 5, expansion: 3, channels: 40, blocks: 3, stride: 2),
        .init(kernel: 5, expansion: 6, channels: 80, blocks: 3, stride: 2),
        .init(kernel: 3, expansion: 6, channels: 96, blocks: 2, stride: 1),
        .init(kernel: 5, expansion: 6, channels: 192, blocks: 4, stride: 2),
        .init(kernel: 3, expansion: 6, channels: 320, blocks: 1, stride: 1),
    ]

    let name = "mnasnet"

    func graph(_ options: GraphOptions) -> Graph {
        var builder = NetworkBuilder(name: name, input: options.input)
        var names = ModuleNames("layers")
        let strided = InputSides.tinyImageNet..<InputSides.imageNet
        builder.convolve(
            names.triple(), Self.stemChannels, kernel: 3, stride: strided.contains(options.input) ? 2 : 1,
            then: .relu)
        builder.convolve(
            names.triple(), Self.stemChannels, kernel: 3, groups: Self.stemChannels, then: .relu)
        builder.convolve(names.pair(), Self.separableChannels, kernel: 1)
        for stage in Self.stages {
            let prefix = names.next()
            for block in 0..<stage.blocks {
                builder.add(
                    InvertedResidual(
                        inner: builder.shape.channels * stage.expansion,
                        channels: options.scaled(stage.channels), kernel: stage.kernel,
                        stride: block == 0 ? stage.stride : 1, activation: .relu),
                    ModuleNames("\(prefix).\(block).layers"))
            }
        }
        builder.convolve(names.triple(), Self.lastChannels, kernel: 1, then: .relu)
        builder.pool()
        return builder.finish("classifier.1", classes: options.classes)
    }
}
