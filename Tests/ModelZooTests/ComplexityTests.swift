import ModelZoo
import NeuralNet
import TestSupport
import Testing

@Suite("Counts of FLOPs and parameters")
struct ComplexityTests {
    @Test(
        "every network of ours in the golden table, all three counts and the layer table",
        arguments: ComplexityRow.all)
    func golden(_ row: ComplexityRow) throws {
        let graph = try ModelZoo.network(
            named: row.network, input: row.input, classes: row.classes, width: row.width,
            forHypernetwork: row.forHypernetwork)
        let complexity = Complexity(graph)
        #expect(
            [complexity.flops.convLinear, complexity.flops.convLinearBN, complexity.flops.published]
                == row.flops)
        #expect(
            [
                complexity.parameters.convLinear, complexity.parameters.convLinearBN,
                complexity.parameters.published,
            ]
                == row.parameters)
        #expect(ParameterLayout(graph).parameterCount == complexity.parameters.published)
        guard !row.layers.isEmpty else { return }
        #expect(complexity.layers.map { figures($0) } == row.layers.map(\.figures))
        #expect(complexity.layers.map(\.kind.rawValue) == row.layers.map(\.kind))
        if row.hasOurNames { #expect(complexity.layers.map(\.name) == row.layers.map(\.name)) }
    }

    @Test(
        "the golden table is read and names only networks of ours",
        .enabled(if: Golden.file("complexity.json") != nil))
    func goldenCoverage() {
        for family in ["resnet", "mobilenetv2"] {
            #expect(ComplexityRow.all.contains { $0.network.hasPrefix(family) }, "\(family)")
        }
        #expect(Set(ComplexityRow.all.map(\.network)).isSubset(of: ModelZoo.names))
    }

    /// METHODS, section 5.
    @Test(
        "the papers' figures",
        arguments: [
            ("resnet50", 224, 1000, 4.1177, 25.557, 4.0892, 25.504),
            ("resnet56", 32, 10, 0.1274, 0.856, 0.1257, 0.852),
            ("mobilenetv2", 64, 200, 0.0930, 2.480, 0.0882, 2.446),
        ])
    func published(
        name: String, input: Int, classes: Int, gflops: Double, mparams: Double, convGflops: Double,
        convMparams: Double
    ) throws {
        let complexity = Complexity(try ModelZoo.network(named: name, input: input, classes: classes))
        #expect(rounded(complexity.flops.published, 1e9, 1e4) == gflops)
        #expect(rounded(complexity.parameters.published, 1e6, 1e3) == mparams)
        #expect(rounded(complexity.flops.convLinear, 1e9, 1e4) == convGflops)
        #expect(rounded(complexity.parameters.convLinear, 1e6, 1e3) == convMparams)
    }

    @Test("an activation module used twice is counted once, by its last call")
    func sharedActivation() {
        var graph = Graph(name: "tiny", channels: 2, height: 4, width: 4)
        let first = graph.add("relu1", .activation(.relu), 0, module: "relu")
        let convolution = graph.add(
            "conv", .convolution(Convolution(outChannels: 3, kernel: 3, stride: 2)), first)
        graph.add("relu2", .activation(.relu), convolution, module: "relu")
        let complexity = Complexity(graph)
        #expect(complexity.flops.published == complexity.flops.convLinear + 3 * 2 * 2)
    }

    private func figures(_ layer: Complexity.Layer) -> [Int] {
        [
            layer.inChannels, layer.outChannels, layer.kernel, layer.stride, layer.groups, layer.outHeight,
            layer.outWidth, layer.flops, layer.parameters, layer.hasBias ? 1 : 0,
        ]
    }

    private func rounded(_ count: Int, _ unit: Double, _ digits: Double) -> Double {
        (Double(count) / unit * digits).rounded() / digits
    }
}
