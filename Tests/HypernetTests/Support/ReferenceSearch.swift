import Hypernet
import NeuralNet
import Randomness
import TensorCore
import TestSupport

/// The search phase with the slow reference network in the executor's place: for graphs of any operations.
struct ReferenceSearch {
    let hyper: HyperNetwork
    let reference: ReferenceNetwork
    private(set) var state: [Float]
    private var momenta: [Float]
    private let pool = ComputePool(threads: 1)

    static let images = 4

    /// A state as at the start, with biases, norms' parameters and running statistics that are not all alike.
    init(_ graph: Graph, seed: UInt64 = 1) {
        hyper = HyperNetwork(graph: graph, embedding: 2)
        reference = ReferenceNetwork(graph)
        state = [Float](repeating: 0, count: hyper.layout.count)
        momenta = [Float](repeating: 0, count: hyper.layout.parameterCount)
        hyper.initialize(&state, seed: seed, pool: pool)
        for tensor in hyper.layout.tensors {
            let random = CounterRandom(seed: seed, stream: CounterRandom.stream("noise \(tensor.name)"))
            for index in tensor.range {
                let noise = Float(random.uniform(UInt64(index)) - 0.5)
                switch tensor.role {
                case .b0, .b1, .b2: state[index] = 0.2 * noise
                case .plain(.normScale), .plain(.normShift), .plain(.convolutionBias),
                    .plain(.runningMean), .plain(.runningVariance):
                    state[index] += noise
                default: break
                }
            }
        }
    }

    var weights: [Float] {
        var weights = [Float](repeating: 0, count: hyper.parameters.count)
        hyper.generate(from: state, into: &weights, pool: pool)
        return weights
    }

    static func noise(_ graph: Graph, seed: UInt64) -> [Double] {
        let random = CounterRandom(seed: seed, stream: CounterRandom.stream("images"))
        return (0..<images * graph.shapes[0].count).map { 2 * random.uniform(UInt64($0)) - 1 }
    }

    /// One step of SGD on noise.
    mutating func step(seed: UInt64) throws {
        let pass = reference.train(
            state: weights.map(Double.init), images: Self.noise(reference.graph, seed: seed),
            labels: Array(0..<Self.images), globalBatch: Self.images)
        let parameters = hyper.parameters
        let gradient = try CodedGradient(
            pass.gradients.prefix(parameters.parameterCount).map { Float($0) }, parameters)
        hyper.step(
            state: &state, moments: &momenta, reduced: gradient.sums, exponents: gradient.exponents,
            optimizer: .sgd(weightDecay: 1e-4), step: OptimizerStep(rate: 0.01, number: 1), pool: pool)
        for index in 0..<hyper.layout.runningStatistics.count {
            let statistic = Float(pass.gradients[parameters.parameterCount + index])
            state[hyper.layout.runningStatistics.state + index] *= 0.9
            state[hyper.layout.runningStatistics.state + index] += 0.1 * statistic
        }
    }
}
