import NeuralNet

/// A VGG network for CIFAR (after Simonyan, Zisserman: "Very deep convolutional networks for large-scale
/// image recognition", ICLR 2015), with batch norm and one linear layer, as figures: the convolutions of its
/// stages.
///
/// A max pool follows every stage as long as there is something to pool; what is left is averaged. Plain
/// convolutions have a bias as in the papers' code; in the form for a hypernetwork they have none, since a
/// batch norm follows. Dropout is left out.
struct VGG: Architecture {
    static let channels = [64, 128, 256, 512, 512]

    let name: String
    /// 3×3 convolutions of each stage.
    let convolutions: [Int]

    func graph(_ options: GraphOptions) -> Graph {
        var builder = NetworkBuilder(name: name, input: options.input, initialization: .normalFanOut)
        var names = ModuleNames("features", isNested: true)
        for (channels, count) in zip(Self.channels, convolutions) {
            for _ in 0..<count {
                builder.convolve(
                    names.triple(), options.scaled(channels), kernel: 3, hasBias: !options.forHypernetwork,
                    then: .relu)
            }
            let pool = names.next()
            if builder.shape.height > 1 { builder.add(pool, .maxPool(Pool(kernel: 2, stride: 2))) }
        }
        builder.pool()
        return builder.finish(
            "classifier", classes: options.classes, initialization: .normal(deviation: 0.01))
    }
}

extension ModelZoo {
    /// The paper's A, B, D and E.
    static let vggs = [
        VGG(name: "vgg11", convolutions: [1, 1, 2, 2, 2]),
        VGG(name: "vgg13", convolutions: [2, 2, 2, 2, 2]),
        VGG(name: "vgg16", convolutions: [2, 2, 3, 3, 3]),
        VGG(name: "vgg19", convolutions: [2, 2, 4, 4, 4]),
    ]
}
