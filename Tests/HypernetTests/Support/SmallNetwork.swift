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
}
