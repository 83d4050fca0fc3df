import Hypernet
import NeuralNet
import TestSupport

/// The hypernetwork's formula in fp64, element by element: slow, and the truth for the kernels.
struct HyperReference {
    let graph: Graph
    let wiring: LatentWiring
    let layout: HyperLayout
    let parameters: ParameterLayout

    init(_ network: HyperNetwork, graph: Graph) {
        self.graph = graph
        wiring = network.wiring
        layout = network.layout
        parameters = network.parameters
    }

    /// Σ gradient · W(state) over the generated weights.
    func loss(_ state: [Double], gradient: [Float]) -> Double {
        var sum = 0.0
        for (index, layer) in wiring.layers.enumerated() {
            let weights = weights(index, layer, state)
            guard let tensor = parameters["\(graph.nodes[layer.node].name).weight"] else { continue }
            for (element, weight) in weights.enumerated() {
                sum += weight * Double(gradient[tensor.offset + element])
            }
        }
        return sum
    }

    /// (N, C, k²) of one layer.
    func weights(_ index: Int, _ layer: LatentWiring.Layer, _ state: [Double]) -> [Double] {
        let parts = (0..<5).map { layout.tensors[layout.layerTensors[index] + $0].offset }
        let shape = layout.tensors[layout.layerTensors[index] + 1].shape
        let (inputs, embedding, taps, outputs) = (shape[0], shape[1], shape[2], shape[3])
        let latents = layout.tensors[layout.latentTensors].map { Array(state[$0.range]) }
        let (zIn, zOut) = (layer.input.expanding(latents), layer.output.expanding(latents))
        var result = [Double](repeating: 0, count: outputs * inputs * taps)
        for c in 0..<inputs {
            for n in 0..<outputs {
                let latent = zIn[c] * zOut[n] + state[parts[2] + c * outputs + n]
                for t in 0..<taps {
                    var weight = state[parts[4] + (c * taps + t) * outputs + n]
                    for j in 0..<embedding {
                        let row = c * embedding + j
                        let u =
                            latent * state[parts[0] + row * outputs + n] + state[parts[3] + row * outputs + n]
                        weight += state[parts[1] + (row * taps + t) * outputs + n] * u
                    }
                    result[(n * inputs + c) * taps + t] = weight
                }
            }
        }
        return result
    }
}
