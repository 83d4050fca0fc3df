import Hypernet
import ModelZoo
import NeuralNet
import Randomness
import TensorCore
import Testing

@Suite("Hypernetwork")
struct HyperNetworkTests {
    struct Network: CustomTestStringConvertible, Sendable {
        let graph: Graph
        let wiring: LatentWiring
        let embedding: Int
        var testDescription: String { "\(graph.name), embedding \(embedding)" }

        func make() -> HyperNetwork { HyperNetwork(graph: graph, wiring: wiring, embedding: embedding) }
    }

    static let networks: [Network] =
        [
            SmallNetwork.graph(width: 5), SmallNetwork.separable(), SmallNetwork.separable(width: 9),
            WiredNetwork.dense(), WiredNetwork.grouped(.whole), WiredNetwork.grouped(.narrow),
        ].map { Network(graph: $0, wiring: LatentWiring($0), embedding: 3) } + [
            Network(
                graph: SmallNetwork.repeating().graph, wiring: SmallNetwork.repeating().wiring, embedding: 1),
            Network(
                graph: SmallNetwork.graph(width: 17), wiring: LatentWiring(SmallNetwork.graph(width: 17)),
                embedding: 2),
        ]

    private func noise(_ count: Int, _ name: String) -> [Float] {
        let random = CounterRandom(seed: 5, stream: CounterRandom.stream(name))
        return (0..<count).map { Float(random.uniform(UInt64($0)) - 0.5) }
    }

    @Test("weights and gradients agree with fp64 and its central differences", arguments: networks)
    func differences(_ network: Network) throws {
        let hyper = network.make()
        let reference = HyperReference(hyper, graph: network.graph)
        let state = noise(hyper.layout.count, "state")
        let gradient = try CodedGradient(
            noise(hyper.parameters.parameterCount, "gradient"), hyper.parameters)
        let pool = ComputePool(threads: 2)
        var weights = [Float](repeating: .nan, count: hyper.parameters.count)
        hyper.generate(from: state, into: &weights, pool: pool)
        var wide = state.map(Double.init)
        for (index, layer) in network.wiring.layers.enumerated() {
            let tensor = try #require(hyper.parameters["\(network.graph.nodes[layer.node].name).weight"])
            let expected = reference.weights(index, layer, wide).map { Float($0) }
            #expect(Tolerance.error(Array(weights[tensor.range]), expected) < Tolerance.layer)
        }

        let actual = hyper.gradients(state: state, gradient: gradient, pool: pool)
        let step = 1e-3
        for tensor in hyper.layout.tensors where tensor.offset < hyper.layout.parameterCount {
            if case .plain = tensor.role { continue }
            // All elements of small tensors, some of large ones.
            let indices = Array(
                stride(from: tensor.offset, to: tensor.range.upperBound, by: 1 + tensor.count / 40))
            let expected = indices.map { index -> Float in
                let value = wide[index]
                wide[index] = value + step
                let above = reference.loss(wide, gradient: gradient.values)
                wide[index] = value - step
                let below = reference.loss(wide, gradient: gradient.values)
                wide[index] = value
                return Float((above - below) / (2 * step))
            }
            let error = Tolerance.error(indices.map { actual[$0] }, expected)
            #expect(error < Tolerance.difference, "\(tensor.name)")
        }
    }

    @Test("plain parameters pass through, both ways", arguments: networks)
    func plain(_ network: Network) throws {
        let hyper = network.make()
        let state = noise(hyper.layout.count, "state")
        let gradient = try CodedGradient(
            noise(hyper.parameters.parameterCount, "gradient"), hyper.parameters)
        var weights = [Float](repeating: .nan, count: hyper.parameters.count)
        hyper.generate(from: state, into: &weights, pool: ComputePool(threads: 1))
        let gradients = hyper.gradients(state: state, gradient: gradient, pool: ComputePool(threads: 1))
        for tensor in hyper.parameters.tensors where tensor.role != .convolutionWeight {
            let own = try #require(hyper.layout[tensor.name])
            #expect(Array(weights[tensor.range]) == Array(state[own.range]))
            guard tensor.offset < hyper.parameters.parameterCount else { continue }
            #expect(Array(gradients[own.range]) == Array(gradient.values[tensor.range]))
        }
        let statistics = hyper.layout.runningStatistics
        #expect(statistics.state == hyper.layout.parameterCount)
        #expect(statistics.weights == hyper.parameters.parameterCount)
        #expect(statistics.count == hyper.parameters.count - hyper.parameters.parameterCount)
        #expect(!gradients.contains { $0.isNaN })
    }

    static let optimizers: [Optimizer] = [
        .sgd(weightDecay: 1e-2), .sgd(weightDecay: 1e-2, isNesterov: true), .adam(weightDecay: 1e-2),
        .rmsprop(weightDecay: 1e-2), .rmsprop(momentum: 0.9, weightDecay: 1e-2),
    ]

    @Test("a fused step is the optimizer's on the whole gradients, bit for bit", arguments: optimizers)
    func fusedStep(optimizer: Optimizer) throws {
        let network = Self.networks[0]
        let hyper = network.make()
        let step = OptimizerStep(rate: 0.1, number: 3)
        let pool = ComputePool(threads: 1)
        let count = hyper.layout.parameterCount
        var state = noise(hyper.layout.count, "state")
        var moments = noise(optimizer.slots.count * count, "moments").map(\.magnitude)
        let (stateBefore, momentsBefore) = (state, moments)
        let gradient = try CodedGradient(
            noise(hyper.parameters.parameterCount, "gradient"), hyper.parameters)
        let gradients = hyper.gradients(state: state, gradient: gradient, pool: pool)
        hyper.step(
            state: &state, moments: &moments, reduced: gradient.sums, exponents: gradient.exponents,
            optimizer: optimizer, step: step, pool: pool)
        var (expected, expectedMoments) = (stateBefore, momentsBefore)
        optimizer.update(
            &expected, moments: &expectedMoments, gradients: gradients, count: count, step: step)
        #expect(state == expected && moments == expectedMoments)
        #expect(zip(state, stateBefore).prefix(count).allSatisfy { $0 != $1 })
        #expect(
            state.suffix(hyper.layout.runningStatistics.count)
                == stateBefore.suffix(hyper.layout.runningStatistics.count))
        #expect(
            hyper.latentGradients.flatMap { $0 }
                == hyper.layout.tensors[hyper.layout.latentTensors].flatMap { gradients[$0.range] })
        #expect(
            hyper.latents(of: stateBefore).flatMap { $0 }
                == hyper.layout.tensors[hyper.layout.latentTensors].flatMap { stateBefore[$0.range] })
    }

    @Test("any number of threads gives the same bits")
    func threads() throws {
        let graph = try ModelZoo.network(
            named: "resnet20", input: 32, classes: 10, width: 1, forHypernetwork: true)
        let hyper = HyperNetwork(graph: graph, embedding: 4)
        let gradient = try CodedGradient(
            noise(hyper.parameters.parameterCount, "gradient"), hyper.parameters)
        var results: [[Float]] = []
        for threads in [1, 2, 3, 5] {
            let pool = ComputePool(threads: threads)
            var state = [Float](repeating: 0, count: hyper.layout.count)
            var moments = [Float](repeating: 0, count: 2 * hyper.layout.parameterCount)
            var weights = [Float](repeating: 0, count: hyper.parameters.count)
            hyper.initialize(&state, seed: 3, pool: pool)
            for number in 1...2 {
                hyper.step(
                    state: &state, moments: &moments, reduced: gradient.sums, exponents: gradient.exponents,
                    optimizer: .adam(weightDecay: 1e-4), step: OptimizerStep(rate: 0.1, number: number),
                    pool: pool)
            }
            hyper.generate(from: state, into: &weights, pool: pool)
            results.append(state + moments + weights + hyper.latentGradients.flatMap { $0 })
        }
        for result in results.dropFirst() { #expect(result == results[0]) }
    }

    /// golden/init.json: bounds, and the deviations that follow from them.
    @Test("starts as the papers' code does")
    func initialization() throws {
        let graph = try ModelZoo.network(
            named: "resnet20", input: 32, classes: 10, width: 1, forHypernetwork: true)
        let hyper = HyperNetwork(graph: graph, embedding: 2)
        var state = [Float](repeating: .nan, count: hyper.layout.count)
        hyper.initialize(&state, seed: 1, pool: ComputePool(threads: 2))
        func values(_ name: String) throws -> ArraySlice<Float> {
            state[try #require(hyper.layout[name]).range]
        }
        func expectUniform(_ name: String, bound: Float) throws {
            let tensor = try values(name)
            let largest = tensor.map(abs).max() ?? 0
            #expect(largest <= bound && largest > 0.9 * bound, "\(name)")
            let deviation = (tensor.map { $0 * $0 }.reduce(0, +) / Float(tensor.count)).squareRoot()
            #expect(abs(deviation * Float(3).squareRoot() / bound - 1) < 0.1, "\(name)")
        }
        try expectUniform("layer3.1.conv1.w1", bound: Float(3).squareRoot())
        try expectUniform("layer3.1.conv1.w2", bound: (Float(3) / (2 * 64 * 9)).squareRoot())
        try expectUniform("layer2.0.downsample.0.w2", bound: (Float(3) / (2 * 16)).squareRoot())
        try expectUniform("fc.weight", bound: 1 / Float(64).squareRoot())
        #expect(try values("fc.bias").allSatisfy { $0 != 0 && abs($0) <= 0.125 })
        for zero in ["b0", "b1", "b2"] {
            #expect(try values("layer1.0.conv1.\(zero)").allSatisfy { $0 == 0 })
        }
        #expect(try values("bn1.weight").allSatisfy { $0 == 1 })
        #expect(try values("bn1.bias").allSatisfy { $0 == 0 })
        #expect(try values("layer3.2.bn2.running_var").allSatisfy { $0 == 1 })
        let latents = hyper.latents(of: state).flatMap { $0 }
        let variance = latents.map { $0 * $0 }.reduce(0, +) / Float(latents.count)
        #expect(abs(variance - 1) < 0.2)
    }
}
