public import NeuralNet
public import Testing

/// Small networks that between them have every kind of layer and every way of fusing norms, adds and
/// activations.
enum TestNetworks {
    static let all: [Graph] =
        [
            residual, pools, grouped, deepNorms, flattened, readers, deadEnd, bareConvolution, activations,
            blocks, bottleneck,
        ] + byChannels

    /// Two residual blocks, the second with down-sampling: norm, norm + add + ReLU, and a norm as residual.
    static let residual: Graph = {
        var graph = Graph(name: "residual", channels: 3, height: 9, width: 7)
        let stem = graph.convolve("stem", 0, Convolution(outChannels: 5, kernel: 3))
        var body = graph.convolve("block1.a", stem, Convolution(outChannels: 5, kernel: 3))
        body = graph.add("block1.b", .convolution(Convolution(outChannels: 5, kernel: 3)), body)
        body = graph.add("block1.norm", .batchNorm(BatchNorm()), body)
        let sum = graph.add("block1.add", .add, body, stem)
        let first = graph.add("block1.relu", .activation(.relu), sum)
        body = graph.convolve("block2.a", first, Convolution(outChannels: 7, kernel: 3, stride: 2))
        body = graph.add("block2.b", .convolution(Convolution(outChannels: 7, kernel: 3)), body)
        body = graph.add("block2.norm", .batchNorm(BatchNorm()), body)
        var short = graph.add(
            "block2.down", .convolution(Convolution(outChannels: 7, kernel: 1, stride: 2, padding: 0)), first)
        short = graph.add("block2.downnorm", .batchNorm(BatchNorm()), short)
        let second = graph.add("block2.relu", .activation(.relu), graph.add("block2.add", .add, body, short))
        graph.classify(second, classes: 6)
        return graph
    }()

    /// A biased stem before a norm, both pools, a max pool on raw values.
    static let pools: Graph = {
        var graph = Graph(name: "pools", channels: 3, height: 11, width: 11)
        var node = graph.convolve("stem", 0, Convolution(outChannels: 6, kernel: 3, hasBias: true))
        node = graph.add("max", .maxPool(Pool(kernel: 3, stride: 2, padding: 1)), node)
        node = graph.add("conv", .convolution(Convolution(outChannels: 4, kernel: 3, hasBias: true)), node)
        node = graph.add("rawmax", .maxPool(Pool(kernel: 2, stride: 1)), node)
        node = graph.add("norm", .batchNorm(BatchNorm()), node)
        node = graph.add("average", .averagePool(Pool(kernel: 3, stride: 2, padding: 1)), node)
        graph.classify(node, classes: 7)
        return graph
    }()

    /// Depthwise and grouped convolutions, odd strides and channel counts.
    static let grouped: Graph = {
        var graph = Graph(name: "grouped", channels: 2, height: 8, width: 8)
        var node = graph.convolve("point", 0, Convolution(outChannels: 6, kernel: 1, padding: 0))
        node = graph.convolve("depth", node, Convolution(outChannels: 6, kernel: 3, stride: 2, groups: 6))
        node = graph.convolve("group", node, Convolution(outChannels: 9, kernel: 3, groups: 3))
        node = graph.convolve("wide", node, Convolution(outChannels: 17, kernel: 3))
        graph.classify(node, classes: 3)
        return graph
    }()

    /// Norms over 1×1 images, a norm straight on the images, two norms in a row, a norm as logits.
    static let deepNorms: Graph = {
        var graph = Graph(name: "deep norms", channels: 3, height: 4, width: 4)
        var node = graph.add("first", .batchNorm(BatchNorm()), 0)
        node = graph.convolve("conv", node, Convolution(outChannels: 5, kernel: 3))
        node = graph.add("pool", .globalAveragePool, node)
        node = graph.convolve("squeeze", node, Convolution(outChannels: 7, kernel: 1, padding: 0))
        node = graph.add("twice", .batchNorm(BatchNorm()), node)
        node = graph.add("linear", .linear(Linear(outFeatures: 4)), node)
        graph.add("last", .batchNorm(BatchNorm()), node)
        return graph
    }()

    /// No norm at all; a linear layer over several pixels, whose weight PyTorch orders by channel; two
    /// linears.
    static let flattened: Graph = {
        var graph = Graph(name: "flattened", channels: 3, height: 6, width: 5)
        var node = graph.add("conv", .convolution(Convolution(outChannels: 4, kernel: 3, hasBias: true)), 0)
        node = graph.add("relu", .activation(.relu), node)
        node = graph.add("max", .maxPool(Pool(kernel: 2, stride: 2)), node)
        node = graph.add("hidden", .linear(Linear(outFeatures: 8)), node)
        node = graph.add("relu2", .activation(.relu), node)
        graph.add("classifier", .linear(Linear(outFeatures: 5)), node)
        return graph
    }()

    /// Values with several readers, unfused adds and ReLUs, an add of a value to itself, a norm whose
    /// residual is its own input, an add of two norms of one value, a residual that a ReLU alone made.
    static let readers: Graph = {
        var graph = Graph(name: "readers", channels: 3, height: 5, width: 5)
        let stem = graph.add("stem", .convolution(Convolution(outChannels: 4, kernel: 3)), 0)
        let norm = graph.add("norm", .batchNorm(BatchNorm()), stem)
        let self1 = graph.add("self", .add, norm, stem)
        let double = graph.add("double", .add, self1, self1)
        let relu = graph.add("relu", .activation(.relu), double)
        let left = graph.add("left", .batchNorm(BatchNorm()), relu)
        let right = graph.add("right", .batchNorm(BatchNorm()), relu)
        let both = graph.add("both", .add, left, right)
        let plain = graph.add("plain", .convolution(Convolution(outChannels: 4, kernel: 1, padding: 0)), both)
        let mixed = graph.add("mixed", .add, plain, relu)
        let again = graph.add("again", .batchNorm(BatchNorm()), mixed)
        let rectified = graph.add("rectified", .activation(.relu), mixed)
        let joined = graph.add("joined", .activation(.relu), graph.add("join", .add, rectified, again))
        graph.classify(joined, classes: 4)
        return graph
    }()

    /// A branch that nobody reads: its gradients are zero, its running statistics move.
    static let deadEnd: Graph = {
        var graph = Graph(name: "dead end", channels: 3, height: 5, width: 5)
        let stem = graph.convolve("stem", 0, Convolution(outChannels: 4, kernel: 3))
        _ = graph.convolve("dead", stem, Convolution(outChannels: 3, kernel: 3))
        graph.classify(stem, classes: 4)
        return graph
    }()

    /// One layer: its pooled outputs are the logits.
    static let bareConvolution: Graph = {
        var graph = Graph(name: "bare convolution", channels: 1, height: 3, width: 3)
        let node = graph.add("conv", .convolution(Convolution(outChannels: 3, kernel: 3, hasBias: true)), 0)
        graph.add("pool", .globalAveragePool, node)
        return graph
    }()
}

extension TestNetworks {
    /// Every activation after a norm, after a norm and an add (where only the rectifiers are fused), and
    /// alone.
    static let activations: Graph = {
        var graph = Graph(name: "activations", channels: 3, height: 6, width: 5)
        var node = graph.convolve("stem", 0, Convolution(outChannels: 4, kernel: 3), .swish)
        for activation in Activation.allCases {
            let name = "\(activation)"
            let body = graph.convolve(name, node, Convolution(outChannels: 4, kernel: 3), activation)
            let norm = graph.add("\(name).body", .batchNorm(BatchNorm()), body)
            let sum = graph.add("\(name).add", .add, norm, node)
            node = graph.add("\(name).after", .activation(activation), sum)
            node = graph.add("\(name).alone", .activation(activation), node)
        }
        graph.classify(node, classes: 4)
        return graph
    }()

    /// So many residual blocks in a row that the outputs of some are kept and those of others computed again.
    static let blocks: Graph = {
        var graph = Graph(name: "blocks", channels: 3, height: 5, width: 5)
        var node = graph.convolve("stem", 0, Convolution(outChannels: 4, kernel: 3), .relu6)
        for block in 1...5 {
            let body = graph.convolve("block\(block).a", node, Convolution(outChannels: 4, kernel: 3), .relu6)
            let last = graph.add(
                "block\(block).b", .convolution(Convolution(outChannels: 4, kernel: 1)), body)
            let norm = graph.add("block\(block).norm", .batchNorm(BatchNorm()), last)
            node = graph.add("block\(block).add", .add, norm, node)
            // As in ResNets, or, in every other block, as in MobileNetV2.
            if block % 2 == 0 { node = graph.add("block\(block).relu", .activation(.relu), node) }
        }
        graph.classify(node, classes: 4)
        return graph
    }()

    /// Rows of 1×1 convolutions, whose pixels go apart, before and after a 3×3 one; some with a bias or two
    /// readers.
    static let bottleneck: Graph = {
        var graph = Graph(name: "bottleneck", channels: 3, height: 6, width: 5)
        let stem = graph.convolve("stem", 0, Convolution(outChannels: 7, kernel: 1))
        let wide = graph.convolve("wide", stem, Convolution(outChannels: 19, kernel: 1), .relu6)
        let body = graph.convolve("body", wide, Convolution(outChannels: 6, kernel: 3, stride: 2))
        let one = graph.add("one", .convolution(Convolution(outChannels: 8, kernel: 1)), body)
        let norm = graph.add("one.norm", .batchNorm(BatchNorm()), one)
        let two = graph.add("two", .convolution(Convolution(outChannels: 8, kernel: 1, hasBias: true)), body)
        let sum = graph.add("relu", .activation(.relu), graph.add("add", .add, norm, two))
        graph.classify(graph.convolve("last", sum, Convolution(outChannels: 5, kernel: 1)), classes: 4)
        return graph
    }()
}

extension Graph {
    /// Convolution, norm, activation.
    mutating func convolve(
        _ name: String, _ input: Int, _ convolution: Convolution, _ activation: Activation = .relu
    ) -> Int {
        let node = add(name, .convolution(convolution), input)
        let norm = add("\(name).norm", .batchNorm(BatchNorm()), node)
        return add("\(name).relu", .activation(activation), norm)
    }

    mutating func classify(_ input: Int, classes: Int) {
        let pool = add("pool", .globalAveragePool, input)
        add("classifier", .linear(Linear(outFeatures: classes)), pool)
    }
}

extension Graph: CustomTestStringConvertible {
    public var testDescription: String { name }
}
