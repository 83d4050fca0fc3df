import Hypernet
import NeuralNet

/// A small network with one residual block.
enum SmallNetwork {
    static func graph(width: Int = 8) -> Graph {
        var graph = Graph(name: "small", channels: 3, height: 8, width: 8)
        let stem = graph.add("conv1", .convolution(Convolution(outChannels: width, kernel: 3)), 0)
        let entry = graph.add("relu1", .activation(.relu), graph.add("bn1", .batchNorm(BatchNorm()), stem))
        let inner = graph.add("conv2", .convolution(Convolution(outChannels: width, kernel: 3)), entry)
        let active = graph.add("relu2", .activation(.relu), graph.add("bn2", .batchNorm(BatchNorm()), inner))
        let last = graph.add("conv3", .convolution(Convolution(outChannels: width, kernel: 1)), active)
        let sum = graph.add("add", .add, graph.add("bn3", .batchNorm(BatchNorm()), last), entry)
        graph.add("fc", .linear(Linear(outFeatures: 5)), graph.add("pool", .globalAveragePool, sum))
        return graph
    }

    /// A depthwise convolution between two plain ones.
    static func separable(width: Int = 6) -> Graph {
        var graph = Graph(name: "separable", channels: 3, height: 8, width: 8)
        let stem = graph.add(
            "conv1", .convolution(Convolution(outChannels: width, kernel: 3, hasBias: true)), 0)
        let depthwise = graph.add(
            "depthwise", .convolution(Convolution(outChannels: width, kernel: 3, stride: 2, groups: width)),
            stem)
        let norm = graph.add("bn1", .batchNorm(BatchNorm()), depthwise)
        let point = graph.add("point", .convolution(Convolution(outChannels: width + 2, kernel: 1)), norm)
        graph.add("fc", .linear(Linear(outFeatures: 4)), graph.add("pool", .globalAveragePool, point))
        return graph
    }

    /// A grouped convolution with one vector on both sides, and one whose output repeats its input's vector.
    static func repeating() -> (graph: Graph, wiring: LatentWiring) {
        var graph = Graph(name: "repeating", channels: 12, height: 4, width: 4)
        let grouped = graph.add(
            "grouped", .convolution(Convolution(outChannels: 12, kernel: 3, groups: 3)), 0)
        let upsampler = graph.add("upsampler", .convolution(Convolution(outChannels: 16, kernel: 1)), grouped)
        let vectors = [("block", 4), ("narrow", 3)].map {
            LatentWiring.Vector(name: $0.0, length: $0.1, isPrunable: true, feedsClassifier: false)
        }
        let thrice = LatentWiring.Side(vector: 0, repeats: 3)
        let wide = LatentWiring.Side(vector: 0, repeats: 4)
        let wiring = LatentWiring(
            vectors: vectors,
            layers: [
                .init(node: grouped, input: .init(vector: 0), output: thrice),
                .init(node: upsampler, input: .init(vector: 1, repeats: 4), output: wide),
            ], channels: [thrice, thrice, wide])
        return (graph, wiring)
    }
}
