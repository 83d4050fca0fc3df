import Hypernet
import ModelZoo
import NeuralNet
import TestSupport
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

    private func side(_ parts: (Int, Int, Int)...) -> LatentWiring.Side {
        LatentWiring.Side(
            parts: parts.map { LatentWiring.Side.Part(vector: $0.0, repeats: $0.1, tiles: $0.2) })
    }

    @Test("concatenated channels keep their vectors, a transition begins a new one, all that is read feeds")
    func concatenation() throws {
        let graph = WiredNetwork.dense()
        let wiring = LatentWiring(graph)
        #expect(
            wiring.vectors.map(\.name) == [
                "input", "stem", "block0.0.grown", "block0.1.grown", "transition", "block1.0.grown",
                "block1.1.grown",
            ])
        #expect(wiring.vectors.map(\.length) == [3, 6, 4, 4, 6, 4, 4])
        #expect(wiring.vectors.map(\.feedsClassifier) == [false, false, false, false, true, true, true])
        #expect(wiring.vectors.map(\.sharesClassifier) == wiring.vectors.map(\.feedsClassifier))
        #expect(
            wiring.layers.map(\.input) == [
                side((0, 1, 1)), side((1, 1, 1)), side((1, 1, 1), (2, 1, 1)),
                side((1, 1, 1), (2, 1, 1), (3, 1, 1)), side((4, 1, 1)), side((4, 1, 1), (5, 1, 1)),
            ])
        #expect(wiring.layers.map(\.output) == (1...6).map { side(($0, 1, 1)) })
    }

    @Test("a gate has the channels that it scales, the squeezed layer its own")
    func gate() throws {
        let wiring = LatentWiring(WiredNetwork.inverted(.relu, gate: .hardSigmoid))
        #expect(
            wiring.vectors.map(\.name) == [
                "input", "stem", "block0.expand", "block0.depthwise.in", "block0.se.squeeze",
                "block0.project",
                "block1.expand", "block1.depthwise.in", "block1.se.squeeze",
            ])
        #expect(wiring.layers.map(\.input.vector) == [0, 1, 3, 2, 4, 2, 5, 7, 6, 8, 6])
        #expect(wiring.layers.map(\.output.vector) == [1, 2, 2, 4, 2, 5, 6, 6, 8, 6, 5])
    }

    /// golden/hypernet/case5a and prune/regnetx200: one element a group, a vector of group width inside.
    @Test("whole groups: an element a group, on both sides and on the gate")
    func wholeGroups() throws {
        let wiring = LatentWiring(WiredNetwork.grouped(.whole))
        #expect(
            wiring.vectors.prefix(5).map(\.name) == [
                "input", "stem", "block0.conv1", "block0.conv2.in", "block0.se.squeeze",
            ])
        #expect(wiring.vectors.prefix(5).map(\.length) == [3, 8, 4, 3, 3])
        #expect(wiring.vectors.prefix(5).map(\.isPrunable) == [false, true, true, false, true])
        #expect(wiring.vectors.prefix(5).map(\.channelsPerElement) == [1, 1, 3, 1, 1])
        let groups = side((2, 3, 1))
        #expect(
            wiring.layers[1...5].map(\.input) == [
                side((1, 1, 1)), side((3, 1, 1)), groups, side((4, 1, 1)), groups,
            ])
        #expect(
            wiring.layers[1...5].map(\.output) == [groups, groups, side((4, 1, 1)), groups, side((1, 1, 1))])
    }

    @Test("groups that narrow: an element a channel of a group, input and output apart")
    func narrowGroups() throws {
        let wiring = LatentWiring(WiredNetwork.grouped(.narrow))
        #expect(
            wiring.vectors.prefix(5).map(\.name) == [
                "input", "stem", "block0.conv1", "block0.conv2", "block0.se.squeeze",
            ])
        #expect(wiring.vectors.prefix(5).map(\.length) == [3, 8, 3, 3, 3])
        #expect(wiring.vectors.prefix(5).map(\.isPrunable) == [false, true, true, true, true])
        #expect(wiring.vectors.prefix(5).map(\.channelsPerElement) == [1, 1, 4, 4, 1])
        let (input, output) = (side((2, 1, 4)), side((3, 1, 4)))
        #expect(
            wiring.layers[1...5].map(\.input) == [
                side((1, 1, 1)), side((2, 1, 1)), output, side((4, 1, 1)), output,
            ])
        #expect(
            wiring.layers[1...5].map(\.output) == [input, output, side((4, 1, 1)), output, side((1, 1, 1))])
    }

    @Test("a network that ends in a convolution keeps its outputs")
    func endsInConvolution() {
        var graph = Graph(name: "ends", channels: 3, height: 4, width: 4)
        let first = graph.add("one", .convolution(Convolution(outChannels: 8, kernel: 3)), 0)
        graph.add("two", .convolution(Convolution(outChannels: 3, kernel: 3)), first)
        #expect(LatentWiring(graph).vectors.map(\.isPrunable) == [false, true, false])
    }

    @Test("what cannot be wired stops with the node's name", arguments: Unwired.allCases)
    func unwired(_ network: Unwired) async {
        await #expect(processExitsWith: .failure) { [network] in
            _ = LatentWiring(network.graph)
        }
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

/// Graphs that are valid but whose channels cannot go together.
enum Unwired: String, CaseIterable, Codable {
    case wholeAndNarrow, otherWidths, otherSlices, multiplied

    var graph: Graph {
        var graph = Graph(name: "\(self)", channels: 3, height: 4, width: 4)
        let stem = graph.convolve("stem", 0, outputs: 12, kernel: 3)
        func grouped(_ groups: Int, _ pruning: GroupPruning, outputs: Int = 12) -> NeuralNet.Operation {
            .convolution(
                Convolution(outChannels: outputs, kernel: 3, groups: groups, groupPruning: pruning))
        }
        switch self {
        case .wholeAndNarrow:
            let whole = graph.add("whole", grouped(4, .whole), stem)
            graph.add("narrow", grouped(4, .narrow), whole)
        case .otherWidths:
            let one = graph.add("four", grouped(4, .whole), stem)
            graph.add("three", grouped(3, .whole), one)
        case .otherSlices:
            let parts = [(5, 7), (6, 6)].map { first, second in
                graph.add(
                    "concatenate\(first)", .concatenate,
                    graph.convolve("one\(first)", stem, outputs: first, kernel: 1),
                    graph.convolve("two\(first)", stem, outputs: second, kernel: 1))
            }
            graph.add("add", .add, parts[0], parts[1])
        case .multiplied:
            graph.add("multiplied", grouped(12, .whole, outputs: 24), stem)
        }
        return graph
    }
}
