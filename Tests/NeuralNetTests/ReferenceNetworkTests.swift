import NeuralNet
import Randomness
import TestSupport
import Testing

/// The slow reference is right: its gradients are those of its loss.
struct ReferenceNetworkTests {
    /// Central differences in fp64 with step 1e-5 agree to 1e-7 of the tensor's largest gradient (or of 1 %
    /// of the network's largest, for tensors whose gradient vanishes). A few elements of each tensor.
    @Test(arguments: TestNetworks.all)
    func gradientsAreDifferenceQuotients(_ graph: Graph) {
        let reference = ReferenceNetwork(graph)
        let shard = TestShard(graph, count: 3, seed: 11)
        let state = testState(graph).map(Double.init)
        let (images, labels) = (shard.images, shard.labels)
        let pass = reference.train(state: state, images: images, labels: labels, globalBatch: 6)
        func loss(_ place: Int, _ change: Double) -> Double {
            var moved = state
            moved[place] += change
            return reference.forward(state: moved, images: images, labels: labels, training: true).lossSum / 6
        }
        let largest = pass.gradients[0..<reference.layout.parameterCount].map(\.magnitude).max() ?? 0
        for tensor in reference.layout.tensors where tensor.offset < reference.layout.parameterCount {
            let scale = pass.gradients[tensor.range].map(\.magnitude).max() ?? 0
            let picks = Set((0..<5).map { tensor.offset + $0 * 7919 % tensor.count })
            for place in picks {
                let step = 1e-5
                let quotient = (loss(place, step) - loss(place, -step)) / (2 * step)
                let error = (quotient - pass.gradients[place]).magnitude
                #expect(error <= 1e-7 * max(scale, largest / 100), "\(tensor.name)[\(place - tensor.offset)]")
            }
        }
    }
}
