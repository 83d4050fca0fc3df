package import NeuralNet

/// What a network costs as a function of how many elements of each latent vector stay: a sum of products, so
/// that a threshold search need not build a graph for each threshold.
package struct CostModel: Sendable {
    /// factor · count[first] · count[second].
    private struct Term: Sendable {
        let factor: Int
        let first: Int
        let second: Int?
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
                terms.append(
                    Term(
                        factor: factor * layer.input.repeats * layer.output.repeats,
                        first: layer.input.vector,
                        second: layer.output.vector))
                if withParameters, convolution.hasBias {
                    terms.append(Term(factor: layer.output.repeats, first: layer.output.vector, second: nil))
                }
            case .batchNorm:
                guard withParameters, let channels = wiring.channels[index] else { continue }
                terms.append(Term(factor: 2 * channels.repeats, first: channels.vector, second: nil))
            case .linear(let linear):
                let input = node.inputs[0]
                guard let channels = wiring.channels[input] else {
                    preconditionFailure("\(node.name) reads the logits")
                }
                let factor = linear.outFeatures * graph.shapes[input].pixels * channels.repeats
                terms.append(Term(factor: factor, first: channels.vector, second: nil))
                if withParameters { constant += linear.outFeatures }
            case .input, .activation, .add, .concatenate, .scale, .maxPool, .averagePool,
                .globalAveragePool:
                break
            }
        }
    }

    package func cost(_ counts: [Int]) -> Int {
        terms.reduce(constant) { $0 + $1.factor * counts[$1.first] * ($1.second.map { counts[$0] } ?? 1) }
    }
}
