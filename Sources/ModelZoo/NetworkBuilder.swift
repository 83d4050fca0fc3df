import NeuralNet

/// Writes a network into a graph, node by node, each reading the one before it.
struct NetworkBuilder {
    private(set) var graph: Graph
    /// The node that the next one reads.
    var last = 0
    /// How convolutions' weights start.
    private let initialization: Initialization

    init(name: String, input: Int, initialization: Initialization = .uniformFanIn) {
        graph = Graph(name: name, channels: 3, height: input, width: input)
        self.initialization = initialization
    }

    /// The shape of what the next node reads.
    var shape: ImageShape { graph.shapes[last] }

    mutating func add(_ name: String, _ operation: Operation) {
        last = graph.add(name, operation, last)
    }

    mutating func convolve(
        _ name: String, _ channels: Int, kernel: Int, stride: Int = 1, groups: Int = 1, hasBias: Bool = false,
        groupPruning: GroupPruning = .whole, isLinear: Bool = false, initialization: Initialization? = nil
    ) {
        add(
            name,
            .convolution(
                Convolution(
                    outChannels: channels, kernel: kernel, stride: stride, groups: groups, hasBias: hasBias,
                    initialization: initialization ?? self.initialization, groupPruning: groupPruning,
                    isLinear: isLinear)))
    }

    /// A convolution and its batch norm.
    mutating func convolve(
        _ names: (convolution: String, norm: String), _ channels: Int, kernel: Int, stride: Int = 1,
        groups: Int = 1, hasBias: Bool = false, groupPruning: GroupPruning = .whole
    ) {
        convolve(
            names.convolution, channels, kernel: kernel, stride: stride, groups: groups, hasBias: hasBias,
            groupPruning: groupPruning)
        add(names.norm, .batchNorm(BatchNorm()))
    }

    /// A convolution, its batch norm and an activation.
    mutating func convolve(
        _ names: (convolution: String, norm: String, activation: String), _ channels: Int, kernel: Int,
        stride: Int = 1, groups: Int = 1, hasBias: Bool = false, groupPruning: GroupPruning = .whole,
        then activation: Activation
    ) {
        convolve(
            (names.convolution, names.norm), channels, kernel: kernel, stride: stride, groups: groups,
            hasBias: hasBias, groupPruning: groupPruning)
        add(names.activation, .activation(activation))
    }

    mutating func gate(_ name: String, _ gate: SqueezeExcite) {
        let gated = last
        let channels = shape.channels
        // Linear layers start as the classifiers of the same code, MobileNetV3's.
        let start: Initialization = gate.isLinear ? .normal(deviation: 0.01) : .uniformFanIn
        add("\(name).avgpool", .globalAveragePool)
        convolve(
            "\(name).fc.0", gate.squeezed, kernel: 1, hasBias: true, isLinear: gate.isLinear,
            initialization: start)
        add("\(name).fc.1", .activation(gate.activation))
        convolve(
            "\(name).fc.2", channels, kernel: 1, hasBias: true, isLinear: gate.isLinear,
            initialization: start)
        add("\(name).fc.3", .activation(gate.gate))
        last = graph.add("\(name).scale", .scale, gated, last)
    }

    /// The means over the pixels.
    mutating func pool() {
        add("avgpool", .globalAveragePool)
    }

    /// Adds an earlier node's output.
    mutating func merge(_ name: String, with node: Int) {
        last = graph.add(name, .add, last, node)
    }

    /// Puts the last node's channels after those of an earlier one.
    mutating func append(_ name: String, to node: Int) {
        last = graph.add(name, .concatenate, node, last)
    }

    /// The finished network, with the classifier.
    mutating func finish(
        _ name: String, classes: Int, initialization: Initialization = .uniformFanIn
    ) -> Graph {
        add(name, .linear(Linear(outFeatures: classes, initialization: initialization)))
        return graph
    }
}
