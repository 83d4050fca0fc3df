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
        "the golden table has every network of ours",
        .enabled(if: Golden.file("complexity.json") != nil))
    func goldenCoverage() {
        #expect(Set(ComplexityRow.all.map(\.network)) == Set(ModelZoo.names))
    }

    /// METHODS, section 5.
    @Test(
        "the papers' figures",
        arguments: [
            ("resnet50", 224, 1000, 4.1177, 25.557, 4.0892, 25.504),
            ("regnetx-4gf", 224, 1000, 4.0005, 22.118, 3.9645, 22.042),
            ("mobilenetv3-small", 224, 1000, 0.0612, 3.108, 0.0571, 3.095),
            ("mobilenetv1", 64, 200, 0.0478, 3.412, 0.0465, 3.390),
            ("mobilenetv2", 64, 200, 0.0930, 2.480, 0.0882, 2.446),
            ("mobilenetv3-large", 64, 200, 0.0860, 4.121, 0.0817, 4.097),
            ("mobilenetv3-small", 64, 200, 0.0207, 2.083, 0.0194, 2.071),
            ("mnasnet", 64, 200, 0.0271, 3.359, 0.0258, 3.321),
            ("regnety-200mf", 32, 100, 0.2259, 2.831, 0.2214, 2.810),
            ("regnety-400mf", 32, 100, 0.4585, 3.947, 0.4495, 3.920),
            ("regnetx-200mf", 32, 100, 0.2255, 2.353, 0.2209, 2.332),
            ("regnetx-400mf", 32, 100, 0.4698, 4.810, 0.4622, 4.773),
            ("efficientnet-b0", 32, 100, 0.4161, 4.136, 0.4075, 4.094),
            ("densenet40", 32, 100, 0.2901, 1.100, 0.2830, 1.082),
            ("densenet40", 32, 10, 0.2901, 1.059, 0.2829, 1.041),
            ("resnet56", 32, 10, 0.1274, 0.856, 0.1257, 0.852),
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
