import NeuralNet

/// Writes a ``ResidualNetwork`` into a graph, node by node.
struct ResidualBuilder {
    private let network: ResidualNetwork
    private let options: GraphOptions
    private var graph: Graph
    /// The node that the next one reads.
    private var last = 0

    init(network: ResidualNetwork, _ options: GraphOptions) {
        self.network = network
        self.options = options
        graph = Graph(name: network.name, channels: 3, height: options.input, width: options.input)
    }

    mutating func addStem() {
        let channels = options.scaled(network.stem.channels)
        switch network.stem {
        case .cifar:
            let stride = options.input >= InputSides.tinyImageNet ? 2 : 1
            convolve("conv1", "bn1", channels, kernel: 3, stride: stride, hasBias: !options.forHypernetwork)
        case .imageNet:
            convolve("conv1", "bn1", channels, kernel: 7, stride: 2)
        }
        last = graph.add("relu", .activation(.relu), last)
        if network.stem == .imageNet {
            last = graph.add("maxpool", .maxPool(Pool(kernel: 3, stride: 2, padding: 1)), last)
        }
    }

    mutating func addBlock(stage: Int, block: Int) {
        let name = "layer\(stage + 1).\(block)"
        let stride = stage > 0 && block == 0 ? 2 : 1
        let planes = options.scaled(network.stem.channels << stage)
        let entry = last
        switch network.block {
        case .basic:
            convolve("\(name).conv1", "\(name).bn1", planes, kernel: 3, stride: stride)
            activate(name, 1)
            convolve("\(name).conv2", "\(name).bn2", planes, kernel: 3)
        case .bottleneck:
            convolve("\(name).conv1", "\(name).bn1", planes, kernel: 1)
            activate(name, 1)
            convolve("\(name).conv2", "\(name).bn2", planes, kernel: 3, stride: stride)
            activate(name, 2)
            convolve("\(name).conv3", "\(name).bn3", planes * network.block.expansion, kernel: 1)
        }
        let body = last
        last = entry
        if graph.shapes[entry] != graph.shapes[body] {
            convolve(
                "\(name).downsample.0", "\(name).downsample.1", planes * network.block.expansion, kernel: 1,
                stride: stride)
        }
        last = graph.add("\(name).add", .add, body, last)
        activate(name, network.block == .basic ? 2 : 3)
    }

    mutating func finish() -> Graph {
        last = graph.add("avgpool", .globalAveragePool, last)
        graph.add("fc", .linear(Linear(outFeatures: options.classes)), last)
        return graph
    }

    private mutating func convolve(
        _ name: String, _ norm: String, _ channels: Int, kernel: Int, stride: Int = 1, hasBias: Bool = false
    ) {
        let convolution = Convolution(
            outChannels: channels, kernel: kernel, stride: stride, hasBias: hasBias,
            initialization: network.stem == .cifar ? .uniformFanIn : .normalFanOut)
        last = graph.add(norm, .batchNorm(BatchNorm()), graph.add(name, .convolution(convolution), last))
    }

    /// The plain ImageNet networks have one activation module a block.
    private mutating func activate(_ block: String, _ index: Int) {
        let isShared = network.stem == .imageNet && !options.forHypernetwork
        last = graph.add(
            "\(block).relu\(index)", .activation(.relu), last, module: isShared ? "\(block).relu" : nil)
    }
}
