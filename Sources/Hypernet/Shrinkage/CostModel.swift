package import NeuralNet

/// What a network costs as a function of how many elements of each latent vector stay: a sum of products, so
/// that a threshold search need not build a graph for each threshold.
package struct CostModel: Sendable {
    /// factor · (channels of `first`) · (channels of `second`).
    private struct Term: Sendable {
        let factor: Int
        let first: LatentWiring.Side
        let second: LatentWiring.Side?
    }

    private var terms: [Term] = []
    private var constant = 0

    package init(_ graph: Graph, _ wiring: LatentWiring, measure: Budget.Measure) {
        let withParameters = measure == .parameters
        var layers = wiring.layers.makeIterator()
        for (index, node) in graph.nodes.enumerated() {
            switch node.operation {
            case .convolution(let convolution):
                guard let layer = layers.next() else { preconditionFailure("\(node.name) has no wiring") }
                let pixels = withParameters ? 1 : graph.shapes[index].pixels
                let factor = convolution.kernel * convolution.kernel * pixels
                terms.append(Term(factor: factor, first: layer.input, second: layer.output))
                if withParameters, convolution.hasBias { add(1, layer.output) }
            case .batchNorm:
                guard withParameters else { continue }
                if let channels = wiring.channels[index] {
                    add(2, channels)
                } else {
                    constant += 2 * graph.shapes[index].channels
                }
            case .linear(let linear):
                let input = node.inputs[0]
                if let channels = wiring.channels[input] {
                    add(linear.outFeatures * graph.shapes[input].pixels, channels)
                } else {
                    constant += linear.outFeatures * graph.shapes[input].count
                }
                if withParameters { constant += linear.outFeatures }
            case .input, .activation, .add, .concatenate, .scale, .maxPool, .averagePool,
                .globalAveragePool:
                break
            }
        }
    }

    private mutating func add(_ factor: Int, _ channels: LatentWiring.Side) {
        terms.append(Term(factor: factor, first: channels, second: nil))
    }

    package func cost(_ counts: [Int]) -> Int {
        terms.reduce(constant) {
            $0 + $1.factor * $1.first.channelCount(counts) * ($1.second?.channelCount(counts) ?? 1)
        }
    }
}
