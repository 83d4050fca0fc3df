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

    @Test("MobileNetV2: a vector a stage, an expansion and a depthwise convolution")
    func mobileNetV2() throws {
        let wiring = LatentWiring(
            try ModelZoo.network(named: "mobilenetv2", input: 64, classes: 200, forHypernetwork: true))
        let names = wiring.vectors.map(\.name)
        #expect(names.count == 1 + 1 + 7 + 16 + 17 + 1)
        #expect(Set(names).count == names.count)
        #expect(wiring.vectors.count { !$0.isPrunable } == 1 + 17)
        #expect(wiring.vectors.filter(\.feedsClassifier).map(\.name) == ["features.18.0"])
        // The blocks of a stage are added up; the stage before it has another width.
        let ends = [2, 3, 4, 5, 6].map { block in
            wiring.layers.first { wiring.vectors[$0.input.vector].name == "features.\(block).conv.0.0" }
        }
        #expect(
            ends.map { $0.map { wiring.vectors[$0.output.vector].name } } == [
                "features.2.conv.2", "features.2.conv.2", "features.4.conv.2", "features.4.conv.2",
                "features.4.conv.2",
            ])
    }

    /// scripts/peers/networks.py counts the same.
    @Test("the search phase of MobileNetV2 for Tiny-ImageNet, width 2, m = 8, has 222,982,060 parameters")
    func searchParameters() throws {
        let graph = try ModelZoo.network(
            named: "mobilenetv2", input: 64, classes: 200, width: 2, forHypernetwork: true)
        let layout = HyperLayout(graph: graph, wiring: LatentWiring(graph), embedding: 8)
        #expect(layout.parameterCount == 222_982_060)
    }
}
