public import Randomness

/// How a network's state starts when no hypernetwork makes it: a function of (graph, seed).
public enum InitialWeights {
    /// Fills `state`, `ParameterLayout(graph).count` elements.
    ///
    /// Convolutions as their `initialization` says; linear weights and every bias U(±1/√fanIn); batch norms γ
    /// = 1, β = 0, running mean 0 and variance 1. Each tensor draws from a stream of its own name.
    public static func fill(_ state: UnsafeMutableBufferPointer<Float>, graph: Graph, seed: UInt64) {
        let layout = ParameterLayout(graph)
        precondition(
            state.count == layout.count, "a state of \(state.count) elements for a layout of \(layout.count)")
        for tensor in layout.tensors {
            let target = UnsafeMutableBufferPointer(rebasing: state[tensor.range])
            let random = CounterRandom(seed: seed, stream: CounterRandom.stream("initial " + tensor.name))
            switch tensor.role {
            case .convolutionWeight:
                fillConvolution(target, tensor: tensor, graph: graph, random: random)
            case .convolutionBias, .linearWeight, .linearBias:
                fillUniform(target, bound: fanInBound(of: tensor, in: graph), random: random)
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

    private static func fillConvolution(
        _ target: UnsafeMutableBufferPointer<Float>, tensor: ParameterLayout.Tensor, graph: Graph,
        random: CounterRandom
    ) {
        guard case .convolution(let convolution) = graph.nodes[tensor.node].operation else { return }
        switch convolution.initialization {
        case .uniformFanIn:
            fillUniform(target, bound: fanInBound(of: tensor, in: graph), random: random)
        case .normalFanOut:
            let fanOut = Double(convolution.outChannels * convolution.kernel * convolution.kernel)
            fillNormal(target, deviation: (2 / fanOut).squareRoot(), random: random)
        }
    }

    /// 1/√fanIn of the tensor's layer: what one output element reads.
    private static func fanInBound(of tensor: ParameterLayout.Tensor, in graph: Graph) -> Double {
        let node = graph.nodes[tensor.node]
        let input = graph.shapes[node.inputs[0]]
        if case .convolution(let convolution) = node.operation {
            let fanIn = input.channels / convolution.groups * convolution.kernel * convolution.kernel
            return 1 / Double(fanIn).squareRoot()
        }
        return 1 / Double(input.count).squareRoot()
    }
}
