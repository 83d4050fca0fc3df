public import Randomness

/// How a network's state starts when no hypernetwork makes it: a function of (graph, seed).
public enum InitialWeights {
    /// Fills `state`, `ParameterLayout(graph).count` elements.
    ///
    /// Convolutions and linear layers as their `initialization` says; batch norms γ = 1, β = 0, running mean
    /// 0 and variance 1. Each tensor draws from a stream of its own name.
    public static func fill(_ state: UnsafeMutableBufferPointer<Float>, graph: Graph, seed: UInt64) {
        let layout = ParameterLayout(graph)
        precondition(
            state.count == layout.count, "a state of \(state.count) elements for a layout of \(layout.count)")
        for tensor in layout.tensors {
            let target = UnsafeMutableBufferPointer(rebasing: state[tensor.range])
            let random = CounterRandom(seed: seed, stream: CounterRandom.stream("initial " + tensor.name))
            switch tensor.role {
            case .convolutionWeight, .convolutionBias, .linearWeight, .linearBias:
                fillLayer(target, tensor: tensor, graph: graph, random: random)
            case .normScale, .runningVariance:
                target.update(repeating: 1)
            case .normShift, .runningMean:
                target.update(repeating: 0)
            }
        }
    }

    /// U(±bound), draw i for element i.
    public static func fillUniform(
        _ target: UnsafeMutableBufferPointer<Float>, bound: Double, random: CounterRandom
    ) {
        for index in target.indices {
            target[index] = Float((2 * random.uniform(UInt64(index)) - 1) * bound)
        }
    }

    /// N(0, deviation²), draw i for element i.
    public static func fillNormal(
        _ target: UnsafeMutableBufferPointer<Float>, deviation: Double, random: CounterRandom
    ) {
        for index in target.indices {
            target[index] = Float(random.normal(UInt64(index)) * deviation)
        }
    }

    private static func fillLayer(
        _ target: UnsafeMutableBufferPointer<Float>, tensor: ParameterLayout.Tensor, graph: Graph,
        random: CounterRandom
    ) {
        let node = graph.nodes[tensor.node]
        let input = graph.shapes[node.inputs[0]]
        let initialization: Initialization
        /// What one output element reads, and how often an input element is read.
        let fanIn: Int
        let fanOut: Int
        switch node.operation {
        case .convolution(let convolution):
            let area = convolution.kernel * convolution.kernel
            initialization = convolution.initialization
            fanIn = input.channels / convolution.groups * area
            fanOut = convolution.outChannels * area
        case .linear(let linear):
            initialization = linear.initialization
            fanIn = input.count
            fanOut = linear.outFeatures
        default:
            preconditionFailure("\(tensor.name) belongs to no layer with weights")
        }
        let isBias = tensor.role == .convolutionBias || tensor.role == .linearBias
        switch initialization {
        case .uniformFanIn:
            fillUniform(target, bound: 1 / Double(fanIn).squareRoot(), random: random)
        case .normalFanIn, .normalFanOut, .normal:
            guard !isBias else { return target.update(repeating: 0) }
            let deviation =
                switch initialization {
                case .normalFanIn: (2 / Double(fanIn)).squareRoot()
                case .normal(let deviation): deviation
                default: (2 / Double(fanOut)).squareRoot()
                }
            fillNormal(target, deviation: deviation, random: random)
        }
    }
}
