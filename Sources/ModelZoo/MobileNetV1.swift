import NeuralNet

/// MobileNetV1 (Howard and others: "MobileNets: efficient convolutional neural networks for mobile vision
/// applications", 2017) as figures: the channels and strides of its depthwise separable blocks.
///
/// The dropout before the classifier is left out. The form for a hypernetwork is the plain one.
struct MobileNetV1: Architecture {
    static let stemChannels = 32
    /// The paper's table 1: output channels, stride of the 3×3 convolution.
    static let blocks = [
        (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1), (512, 1),
        (512, 1), (1024, 2), (1024, 1),
    ]

    let name = "mobilenetv1"

    func graph(_ options: GraphOptions) -> Graph {
        var builder = NetworkBuilder(name: name, input: options.input)
        var stem = ModuleNames("features", isNested: true)
        builder.convolve(
            stem.triple(), options.scaled(Self.stemChannels), kernel: 3,
            stride: options.input < InputSides.tinyImageNet ? 1 : 2, then: .relu)
        for (index, (channels, stride)) in Self.blocks.enumerated() {
            var names = ModuleNames("features.\(index + 1).conv", isNested: true)
            let inner = builder.shape.channels
            builder.convolve(names.triple(), inner, kernel: 3, stride: stride, groups: inner, then: .relu)
            builder.convolve(names.triple(), options.scaled(channels), kernel: 1, then: .relu)
        }
        builder.pool()
        return builder.finish("linear.1", classes: options.classes)
    }
}
