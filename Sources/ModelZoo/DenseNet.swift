import NeuralNet

/// A DenseNet for CIFAR (Huang, Liu, van der Maaten, Weinberger: "Densely connected convolutional networks",
/// CVPR 2017) as figures: depth, growth, and whether it has bottlenecks and compression (BC).
///
/// Three dense blocks; every layer's output is put after its input, so a block's width grows. Batch norm and
/// activation come before each convolution. The width multiplies the growth and what follows from it. Dropout
/// is left out. The form for a hypernetwork is the plain one.
struct DenseNet: Architecture {
    static let blocks = 3
    /// Channels of a bottleneck, and of the stem, as multiples of the growth.
    static let bottleneck = 4
    static let stem = 2

    let name: String
    let depth: Int
    /// Channels that a layer adds.
    let growth: Int
    /// With a 1×1 convolution before each 3×3 one, and with transitions that halve the channels.
    let hasBottlenecks: Bool

    /// Dense layers of a block: what is left of the depth without stem, two transitions and classifier.
    var layersPerBlock: Int { (depth - 4) / Self.blocks / (hasBottlenecks ? 2 : 1) }

    func graph(_ options: GraphOptions) -> Graph {
        var builder = NetworkBuilder(name: name, input: options.input, initialization: .normalFanIn)
        let growth = options.scaled(growth)
        var names = ModuleNames("features")
        builder.convolve(
            names.next(), Self.stem * growth, kernel: 3,
            stride: options.input < InputSides.tinyImageNet ? 1 : 2)
        for block in 0..<Self.blocks {
            if block > 0 {
                var transition = ModuleNames(names.next())
                let channels = builder.shape.channels
                normalizeAndConvolve(
                    &builder, &transition, hasBottlenecks ? max(1, channels / 2) : channels, kernel: 1)
                builder.add(transition.next(), .averagePool(Pool(kernel: 2, stride: 2)))
            }
            let prefix = names.next()
            for layer in 0..<layersPerBlock { addLayer(&builder, "\(prefix).\(layer)", growth: growth) }
        }
        builder.add(names.next(), .batchNorm(BatchNorm()))
        builder.add(names.next(), .activation(.relu))
        let features = Double(builder.shape.channels)
        builder.pool()
        return builder.finish(
            "classifier", classes: options.classes,
            initialization: .normal(deviation: (1 / features).squareRoot()))
    }

    private func addLayer(_ builder: inout NetworkBuilder, _ name: String, growth: Int) {
        let entry = builder.last
        var names = ModuleNames("\(name).body")
        if hasBottlenecks {
            normalizeAndConvolve(&builder, &names, Self.bottleneck * growth, kernel: 1)
        }
        normalizeAndConvolve(&builder, &names, growth, kernel: 3)
        builder.append("\(name).cat", to: entry)
    }

    private func normalizeAndConvolve(
        _ builder: inout NetworkBuilder, _ names: inout ModuleNames, _ channels: Int, kernel: Int
    ) {
        builder.add(names.next(), .batchNorm(BatchNorm()))
        builder.add(names.next(), .activation(.relu))
        builder.convolve(names.next(), channels, kernel: kernel)
    }
}

extension ModelZoo {
    static let denseNets = [
        DenseNet(name: "densenet40", depth: 40, growth: 12, hasBottlenecks: false),
        DenseNet(name: "densenet40-k24", depth: 40, growth: 24, hasBottlenecks: false),
        DenseNet(name: "densenet100-bc", depth: 100, growth: 12, hasBottlenecks: true),
    ]
}
