import NeuralNet

/// Small networks whose channels go together in every way that the wiring knows.
enum WiredNetwork {
    static let all: [Graph] = [
        dense(), dense(hasBottleneck: true), inverted(.relu, gate: .hardSigmoid),
        inverted(.swish, gate: .sigmoid), inverted(.hardSwish, gate: .hardSigmoid),
        grouped(.whole), grouped(.narrow), grouped(.whole, isConcatenated: true), flattened(),
    ]

    /// Two dense blocks with a transition: batch norms before convolutions, channels concatenated.
    static func dense(growth: Int = 4, hasBottleneck: Bool = false) -> Graph {
        var graph = Graph(
            name: hasBottleneck ? "dense with bottlenecks" : "dense", channels: 3, height: 8, width: 8)
        var last = graph.convolve("stem", 0, outputs: 6, kernel: 3)
        for block in 0..<2 {
            for layer in 0..<2 {
                let name = "block\(block).\(layer)"
                var inner = last
                if hasBottleneck {
                    inner = graph.preactivated("\(name).wide", inner, outputs: 2 * growth, kernel: 1)
                }
                inner = graph.preactivated("\(name).grown", inner, outputs: growth, kernel: 3)
                last = graph.add("\(name).concatenate", .concatenate, last, inner)
            }
            guard block == 0 else { continue }
            last = graph.preactivated("transition", last, outputs: 6, kernel: 1)
            last = graph.add("transition.pool", .averagePool(Pool(kernel: 2, stride: 2)), last)
        }
        last = graph.add("bn", .batchNorm(BatchNorm()), last)
        last = graph.add("relu", .activation(.relu), last)
        return graph.classified(last)
    }

    /// An inverted residual with squeeze-excite, once alone and once with a shortcut.
    static func inverted(_ activation: Activation, gate: Activation) -> Graph {
        var graph = Graph(name: "inverted \(activation) \(gate)", channels: 3, height: 8, width: 8)
        var last = graph.normed("stem", 0, outputs: 6, kernel: 3, activation)
        for (index, stride) in [(0, 2), (1, 1)] {
            let (name, entry) = ("block\(index)", last)
            last = graph.normed("\(name).expand", last, outputs: 9, kernel: 1, activation)
            last = graph.normed(
                "\(name).depthwise", last, outputs: 9, kernel: 5, stride: stride, groups: 9, activation)
            last = graph.excited("\(name).se", last, squeezed: 5, activation, gate: gate)
            last = graph.normed("\(name).project", last, outputs: 6, kernel: 1, nil)
            if stride == 1 { last = graph.add("\(name).add", .add, last, entry) }
        }
        return graph.classified(last)
    }

    /// RegNet Y's block twice: grouped convolution, squeeze-excite, shortcut.
    static func grouped(_ pruning: GroupPruning, isConcatenated: Bool = false) -> Graph {
        var graph = Graph(
            name: "grouped \(pruning)\(isConcatenated ? " concatenated" : "")", channels: 3, height: 8,
            width: 8)
        var last = graph.normed("stem", 0, outputs: 8, kernel: 3, .relu)
        for index in 0..<2 {
            let (name, entry) = ("block\(index)", last)
            last = graph.normed("\(name).conv1", last, outputs: 12, kernel: 1, .relu)
            if isConcatenated {
                let other = graph.normed("\(name).other", entry, outputs: 6, kernel: 1, .relu)
                last = graph.add("\(name).concatenate", .concatenate, last, other)
            }
            let width = graph.shapes[last].channels
            last = graph.normed(
                "\(name).conv2", last, outputs: width, kernel: 3, groups: width / 3, .relu, pruning: pruning)
            if !isConcatenated {
                last = graph.excited("\(name).se", last, squeezed: 3, .relu, gate: .sigmoid)
            }
            last = graph.normed("\(name).conv3", last, outputs: 8, kernel: 1, nil)
            last = graph.add("\(name).relu", .activation(.relu), graph.add("\(name).add", .add, last, entry))
        }
        return graph.classified(last)
    }

    /// A classifier that reads several pixels of each channel, concatenated ones too, and a linear layer
    /// after another.
    static func flattened() -> Graph {
        var graph = Graph(name: "flattened", channels: 3, height: 8, width: 8)
        let one = graph.normed("one", 0, outputs: 5, kernel: 3, stride: 4, .relu)
        let two = graph.normed("two", 0, outputs: 4, kernel: 3, stride: 4, .relu)
        let both = graph.add("concatenate", .concatenate, one, two)
        let hidden = graph.add("hidden", .linear(Linear(outFeatures: 7)), both)
        graph.add("fc", .linear(Linear(outFeatures: 5)), graph.add("relu", .activation(.relu), hidden))
        return graph
    }
}

extension Graph {
    mutating func convolve(_ name: String, _ input: Int, outputs: Int, kernel: Int) -> Int {
        add(name, .convolution(Convolution(outChannels: outputs, kernel: kernel)), input)
    }

    /// Batch norm, ReLU, convolution.
    fileprivate mutating func preactivated(_ name: String, _ input: Int, outputs: Int, kernel: Int) -> Int {
        let norm = add("\(name).bn", .batchNorm(BatchNorm()), input)
        return convolve(
            name, add("\(name).relu", .activation(.relu), norm), outputs: outputs, kernel: kernel)
    }

    /// Convolution, batch norm, activation.
    fileprivate mutating func normed(
        _ name: String, _ input: Int, outputs: Int, kernel: Int, stride: Int = 1, groups: Int = 1,
        _ activation: Activation?, pruning: GroupPruning = .whole
    ) -> Int {
        let convolution = Convolution(
            outChannels: outputs, kernel: kernel, stride: stride, groups: groups, groupPruning: pruning)
        let norm = add("\(name).bn", .batchNorm(BatchNorm()), add(name, .convolution(convolution), input))
        return activation.map { add("\(name).act", .activation($0), norm) } ?? norm
    }

    fileprivate mutating func excited(
        _ name: String, _ input: Int, squeezed: Int, _ activation: Activation, gate: Activation
    ) -> Int {
        let pool = add("\(name).pool", .globalAveragePool, input)
        let squeeze = add(
            "\(name).squeeze",
            .convolution(Convolution(outChannels: squeezed, kernel: 1, hasBias: true)), pool)
        let expand = add(
            "\(name).expand",
            .convolution(Convolution(outChannels: shapes[input].channels, kernel: 1, hasBias: true)),
            add("\(name).act", .activation(activation), squeeze))
        return add("\(name).scale", .scale, input, add("\(name).gate", .activation(gate), expand))
    }

    fileprivate func classified(_ last: Int) -> Graph {
        var graph = self
        graph.add("fc", .linear(Linear(outFeatures: 5)), graph.add("pool", .globalAveragePool, last))
        return graph
    }
}
