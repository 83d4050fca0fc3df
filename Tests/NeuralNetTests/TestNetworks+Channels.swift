import NeuralNet

// Networks that put channels together and work on them apart.
extension TestNetworks {
    static let byChannels = [dense, gated, joined, groups, largeGroups]

    /// As DenseNets: norm, activation, convolution, and its few channels joined to all before; between blocks
    /// a narrower convolution and a pool.
    static let dense: Graph = {
        var graph = Graph(name: "dense", channels: 3, height: 8, width: 6)
        var node = graph.add("stem", .convolution(Convolution(outChannels: 6, kernel: 3)), 0)
        for block in 1...2 {
            for layer in 1...3 {
                let new = graph.grow("block\(block).\(layer)", node, Convolution(outChannels: 3, kernel: 3))
                node = graph.add("block\(block).\(layer).join", .concatenate, node, new)
            }
            guard block == 1 else { break }
            node = graph.grow("narrow", node, Convolution(outChannels: 7, kernel: 1))
            node = graph.add("half", .averagePool(Pool(kernel: 2, stride: 2)), node)
        }
        node = graph.add("last.norm", .batchNorm(BatchNorm()), node)
        graph.classify(graph.add("last.relu", .activation(.relu), node), classes: 4)
        return graph
    }()

    /// Squeeze-excite with every activation as a gate: after a norm, by a linear layer, and on one pixel.
    static let gated: Graph = {
        var graph = Graph(name: "gated", channels: 3, height: 6, width: 5)
        let stem = graph.convolve("stem", 0, Convolution(outChannels: 5, kernel: 3), .swish)
        let scaled = Activation.allCases.map { gate in
            let depth = graph.convolve(
                "\(gate).depth", stem, Convolution(outChannels: 5, kernel: 3, groups: 5), .hardSwish)
            let excited = graph.squeeze("\(gate)", depth, to: 2, gate)
            return graph.add("\(gate).scale", .scale, depth, excited)
        }
        let all = graph.add("all", .concatenate, inputs: scaled)
        let point = graph.add("point", .convolution(Convolution(outChannels: 5, kernel: 1)), all)
        let node = graph.add("norm", .batchNorm(BatchNorm()), point)
        let sum = graph.add("pool1", .globalAveragePool, node)
        let linear = graph.add("gate1", .linear(Linear(outFeatures: 5)), sum)
        let raw = graph.add("raw", .convolution(Convolution(outChannels: 5, kernel: 3)), node)
        let product = graph.add("scale1", .scale, raw, graph.add("sigmoid1", .activation(.sigmoid), linear))
        let small = graph.add("small", .globalAveragePool, product)
        graph.add(
            "classifier", .linear(Linear(outFeatures: 4)), graph.add("square", .scale, small, small))
        return graph
    }()

    /// Concatenations of one value with itself, of the images, of norms' outputs, of a scale's output, and of
    /// values that others read too.
    static let joined: Graph = {
        var graph = Graph(name: "joined", channels: 3, height: 5, width: 5)
        let stem = graph.convolve("stem", 0, Convolution(outChannels: 4, kernel: 3))
        let images = graph.add("images", .concatenate, stem, 0)
        let twice = graph.add("twice", .concatenate, stem, stem, images)
        let one = graph.convolve("one", twice, Convolution(outChannels: 4, kernel: 1))
        let two = graph.convolve("two", images, Convolution(outChannels: 4, kernel: 3))
        let sum = graph.add("sum", .add, one, two)
        let gate = graph.squeeze("gate", sum, to: 1, .hardSigmoid)
        let scaled = graph.add("scaled", .scale, sum, gate)
        let three = graph.add("three", .concatenate, scaled, two, sum, stem)
        let norm = graph.add("norm", .batchNorm(BatchNorm()), three)
        let last = graph.add("last", .concatenate, graph.add("again", .activation(.swish), three), norm)
        graph.classify(last, classes: 4)
        return graph
    }()

    /// Grouped convolutions of the shapes that RegNets have, whole and pruned, with strides, and with a bias.
    static let groups: Graph = {
        var graph = Graph(name: "groups", channels: 3, height: 7, width: 6)
        var node = graph.convolve("stem", 0, Convolution(outChannels: 24, kernel: 3), .swish)
        node = graph.convolve("wide", node, Convolution(outChannels: 24, kernel: 3, groups: 3), .swish)
        node = graph.convolve(
            "strided", node, Convolution(outChannels: 24, kernel: 3, stride: 2, groups: 3), .swish)
        node = graph.convolve("point", node, Convolution(outChannels: 35, kernel: 1), .swish)
        node = graph.convolve("odd", node, Convolution(outChannels: 35, kernel: 3, groups: 7), .swish)
        node = graph.convolve("uneven", node, Convolution(outChannels: 21, kernel: 3, groups: 7), .swish)
        node = graph.convolve(
            "biased", node, Convolution(outChannels: 21, kernel: 3, stride: 2, groups: 3, hasBias: true),
            .swish)
        graph.classify(node, classes: 4)
        return graph
    }()

    /// Groups whose gradients are added in several blocks, which begin and end within a group.
    static let largeGroups: Graph = {
        var graph = Graph(name: "largeGroups", channels: 3, height: 3, width: 3)
        var node = graph.convolve("stem", 0, Convolution(outChannels: 80, kernel: 1), .swish)
        node = graph.convolve("groups", node, Convolution(outChannels: 80, kernel: 3, groups: 2), .swish)
        graph.classify(node, classes: 4)
        return graph
    }()
}

extension Graph {
    /// Norm, swish, convolution.
    fileprivate mutating func grow(_ name: String, _ input: Int, _ convolution: Convolution) -> Int {
        let norm = add("\(name).norm", .batchNorm(BatchNorm()), input)
        let relu = add("\(name).act", .activation(.swish), norm)
        return add(name, .convolution(convolution), relu)
    }

    /// A number for each channel of `input`.
    fileprivate mutating func squeeze(
        _ name: String, _ input: Int, to channels: Int, _ gate: Activation
    ) -> Int {
        let pool = add("\(name).squeeze", .globalAveragePool, input)
        var node = add(
            "\(name).reduce",
            .convolution(Convolution(outChannels: channels, kernel: 1, hasBias: true, isLinear: true)), pool)
        node = add("\(name).reduced", .activation(.swish), node)
        node = add(
            "\(name).expand",
            .convolution(Convolution(outChannels: shapes[input].channels, kernel: 1, hasBias: true)), node)
        return add("\(name).gate", .activation(gate), node)
    }
}
