import Hypernet
import ModelZoo
import NeuralNet
import Testing

@Suite("Latent wiring")
struct LatentWiringTests {
    @Test("what is added shares a vector, the image is never pruned, the classifier's vector is known")
    func residual() {
        let wiring = LatentWiring(SmallNetwork.graph(width: 8))
        #expect(wiring.vectors.map(\.name) == ["input", "conv1", "conv2"])
        #expect(wiring.vectors.map(\.length) == [3, 8, 8])
        #expect(wiring.vectors.map(\.isPrunable) == [false, true, true])
        #expect(wiring.vectors.map(\.feedsClassifier) == [false, true, false])
        #expect(wiring.layers.map(\.input.vector) == [0, 1, 2])
        #expect(wiring.layers.map(\.output.vector) == [1, 2, 1])
    }

    @Test("a depthwise convolution keeps its producer's vector and has its own of one element")
    func depthwise() {
        let wiring = LatentWiring(SmallNetwork.separable(width: 6))
        #expect(wiring.vectors.map(\.name) == ["input", "conv1", "depthwise.in", "point"])
        #expect(wiring.vectors.map(\.length) == [3, 6, 1, 8])
        #expect(wiring.vectors.map(\.isPrunable) == [false, true, false, true])
        #expect(wiring.layers.map(\.input.vector) == [0, 2, 1])
        #expect(wiring.layers.map(\.output.vector) == [1, 1, 3])
    }

    /// METHODS, section 1: basic blocks share stage 1's vector with the stem, bottlenecks do not.
    @Test(
        "the ResNets have as many vectors as the papers' code",
        arguments: [("resnet20", 4 + 9), ("resnet18", 5 + 8), ("resnet50", 6 + 32), ("resnet164", 5 + 108)])
    func count(name: String, vectors: Int) throws {
        let graph = try ModelZoo.network(named: name, input: 32, classes: 10, forHypernetwork: true)
        let wiring = LatentWiring(graph)
        #expect(wiring.vectors.count == vectors)
        #expect(wiring.vectors.count(where: \.feedsClassifier) == 1)
        #expect(wiring.vectors.count { !$0.isPrunable } == 1)
        #expect(Set(wiring.vectors.map(\.name)).count == vectors)
    }
}
