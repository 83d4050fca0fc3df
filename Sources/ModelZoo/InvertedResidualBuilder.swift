import NeuralNet

/// Writes a network of inverted residual blocks into a graph, node by node.
struct InvertedResidualBuilder {
    private var graph: Graph
    /// The node that the next one reads.
    private var last = 0

    init(name: String, input: Int) {
        graph = Graph(name: name, channels: 3, height: input, width: input)
    }

    /// Expands with 1×1, filters each channel with 3×3, projects with 1×1 and no activation; with an addition
    /// where the shape stays. Without an expansion the first convolution is missing.
    mutating func addBlock(_ name: String, channels: Int, expansion: Int, stride: Int) {
        let entry = last
        let inner = graph.shapes[entry].channels * expansion
        var part = 0
        if expansion > 1 {
            convolve("\(name).0.0", "\(name).0.1", inner, kernel: 1)
            activate("\(name).0.2")
            part = 1
        }
        convolve(
            "\(name).\(part).0", "\(name).\(part).1", inner, kernel: 3, stride: stride, groups: inner)
        activate("\(name).\(part).2")
        convolve("\(name).\(part + 1)", "\(name).\(part + 2)", channels, kernel: 1)
        if stride == 1, graph.shapes[entry] == graph.shapes[last] {
            last = graph.add("\(name).add", .add, last, entry)
        }
    }

    mutating func convolve(
        _ name: String, _ norm: String, _ channels: Int, kernel: Int, stride: Int = 1, groups: Int = 1
    ) {
        let convolution = Convolution(outChannels: channels, kernel: kernel, stride: stride, groups: groups)
        last = graph.add(norm, .batchNorm(BatchNorm()), graph.add(name, .convolution(convolution), last))
    }

    mutating func activate(_ name: String) {
        last = graph.add(name, .activation(.relu6), last)
    }

    mutating func finish(classes: Int) -> Graph {
        last = graph.add("avgpool", .globalAveragePool, last)
        graph.add("classifier.1", .linear(Linear(outFeatures: classes)), last)
        return graph
    }
}
