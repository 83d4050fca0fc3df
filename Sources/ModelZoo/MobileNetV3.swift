import NeuralNet

/// MobileNetV3 (Howard and others: "Searching for MobileNetV3", ICCV 2019) as figures: its blocks.
///
/// As in the papers' code channels are multiplied by the width alone, squeeze-excite has a quarter of a
/// block's inner channels, its layers and the one before the classifier are linear layers, and the small
/// network has one more gate after the last convolution. The dropout before the classifier is left out. The
/// form for a hypernetwork is the plain one.
struct MobileNetV3: Architecture {
    struct Block: Sendable {
        let kernel: Int
        /// Channels inside.
        let inner: Int
        let channels: Int
        let isGated: Bool
        let activation: Activation
        let stride: Int

        init(
            _ kernel: Int, _ inner: Int, _ channels: Int, _ isGated: Bool, _ activation: Activation,
            _ stride: Int
        ) {
            self.kernel = kernel
            self.inner = inner
            self.channels = channels
            self.isGated = isGated
            self.activation = activation
            self.stride = stride
        }
    }

    static let stemChannels = 16
    /// Of the linear layer before the classifier.
    static let featureCount = 1280

    let name: String
    let blocks: [Block]
    let lastChannels: Int
    /// Whether the last convolution's channels are gated too.
    let hasLastGate: Bool

    func graph(_ options: GraphOptions) -> Graph {
        var builder = NetworkBuilder(name: name, input: options.input, initialization: .normalFanOut)
        var names = ModuleNames("features", isNested: true)
        builder.convolve(
            names.triple(), options.scaled(Self.stemChannels), kernel: 3,
            stride: options.input < InputSides.imageNet ? 1 : 2, then: .hardSwish)
        for block in blocks {
            let inner = options.scaled(block.inner)
            builder.add(
                InvertedResidual(
                    inner: inner, channels: options.scaled(block.channels), kernel: block.kernel,
                    stride: block.stride, activation: block.activation,
                    gate: block.isGated ? Self.gate(inner) : nil),
                ModuleNames("\(names.next()).conv"))
        }
        var last = ModuleNames("conv", isNested: true)
        builder.convolve(last.triple(), options.scaled(lastChannels), kernel: 1, then: .hardSwish)
        if hasLastGate { builder.gate(last.next(), Self.gate(builder.shape.channels)) }
        builder.pool()
        builder.convolve(
            "classifier.0", options.scaled(Self.featureCount), kernel: 1, hasBias: true, isLinear: true,
            initialization: .normal(deviation: 0.01))
        builder.add("classifier.1", .activation(.hardSwish))
        return builder.finish(
            "classifier.2", classes: options.classes, initialization: .normal(deviation: 0.01))
    }

    private static func gate(_ channels: Int) -> SqueezeExcite {
        SqueezeExcite(
            squeezed: max(1, channels / 4), activation: .relu, gate: .hardSigmoid, isLinear: true)
    }
}

extension MobileNetV3 {
    /// The paper's table 1.
    static let large = MobileNetV3(
        name: "mobilenetv3-large",
        blocks: [
            Block(3, 16, 16, false, .relu, 1),
            Block(3, 64, 24, false, .relu, 2),
            Block(3, 72, 24, false, .relu, 1),
            Block(5, 72, 40, true, .relu, 2),
            Block(5, 120, 40, true, .relu, 1),
            Block(5, 120, 40, true, .relu, 1),
            Block(3, 240, 80, false, .hardSwish, 2),
            Block(3, 200, 80, false, .hardSwish, 1),
            Block(3, 184, 80, false, .hardSwish, 1),
            Block(3, 184, 80, false, .hardSwish, 1),
            Block(3, 480, 112, true, .hardSwish, 1),
            Block(3, 672, 112, true, .hardSwish, 1),
            Block(5, 672, 160, true, .hardSwish, 1),
            Block(5, 672, 160, true, .hardSwish, 2),
            Block(5, 960, 160, true, .hardSwish, 1),
        ],
        lastChannels: 960, hasLastGate: false)

    /// The paper's table 2.
    static let small = MobileNetV3(
        name: "mobilenetv3-small",
        blocks: [
            Block(3, 16, 16, true, .relu, 2),
            Block(3, 72, 24, false, .relu, 2),
            Block(3, 88, 24, false, .relu, 1),
            Block(5, 96, 40, true, .hardSwish, 2),
            Block(5, 240, 40, true, .hardSwish, 1),
            Block(5, 240, 40, true, .hardSwish, 1),
            Block(5, 120, 48, true, .hardSwish, 1),
            Block(5, 144, 48, true, .hardSwish, 1),
            Block(5, 288, 96, true, .hardSwish, 2),
            Block(5, 576, 96, true, .hardSwish, 1),
            Block(5, 576, 96, true, .hardSwish, 1),
        ],
        lastChannels: 576, hasLastGate: true)
}
