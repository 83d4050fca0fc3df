import Hypernet
import NeuralNet
import TensorCore
import TestSupport
import Testing

@testable import ModelZoo

/// Gradients of a block of each kind that the zoo has, whole and pruned to odd widths.
struct BlockTests {
    struct Block: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let graph: Graph

        init(
            _ description: String, _ network: any Architecture, width: Double, _ groups: GroupPruning = .whole
        ) {
            testDescription = description
            graph = network.graph(
                GraphOptions(input: 8, classes: 4, width: width, forHypernetwork: true, groupPruning: groups))
        }
    }

    /// Networks of the zoo with fewer and narrower blocks.
    static let blocks = [
        Block(
            "inverted residuals with gates",
            MobileNetV3(
                name: "mobilenetv3",
                blocks: [
                    MobileNetV3.Block(3, 64, 64, true, .relu, 1),
                    MobileNetV3.Block(5, 144, 80, true, .hardSwish, 2),
                    MobileNetV3.Block(3, 96, 80, false, .hardSwish, 1),
                ], lastChannels: 96, hasLastGate: true), width: 0.0625),
        Block("regnet Y, whole groups", regNet, width: 0.5),
        Block("regnet Y, groups that narrow", regNet, width: 0.5, .narrow),
        Block("densenet", denseNet(hasBottlenecks: false), width: 0.5),
        Block("densenet with bottlenecks", denseNet(hasBottlenecks: true), width: 0.25),
        Block("separable 5×5", Separable(), width: 1),
        Block("vgg", VGG(name: "vgg", convolutions: [1, 2, 1]), width: 0.0625),
    ]

    private static let regNet = RegNet(
        name: "regnet",
        stages: [RegNet.Stage(blocks: 2, channels: 24), RegNet.Stage(blocks: 1, channels: 40)],
        groupChannels: 4, isGated: true)

    private static func denseNet(hasBottlenecks: Bool) -> DenseNet {
        DenseNet(
            name: "densenet", depth: hasBottlenecks ? 16 : 10, growth: 8, hasBottlenecks: hasBottlenecks)
    }

    /// MnasNet's blocks: 5×5, with strides and without.
    private struct Separable: Architecture {
        let name = "separable"

        func graph(_ options: GraphOptions) -> Graph {
            var builder = NetworkBuilder(name: name, input: options.input)
            builder.convolve(("stem", "stem.norm", "stem.act"), 6, kernel: 3, then: .relu)
            for (index, stride) in [2, 1].enumerated() {
                builder.add(
                    InvertedResidual(
                        inner: 18, channels: 7, kernel: 5, stride: stride, activation: .relu),
                    ModuleNames("block\(index)"))
            }
            builder.pool()
            return builder.finish("classifier", classes: options.classes)
        }
    }

    @Test(arguments: blocks, [false, true]) func gradients(_ block: Block, isPruned: Bool) throws {
        var graph = block.graph
        if isPruned {
            let wiring = LatentWiring(graph)
            let importances = wiring.vectors.enumerated().map { index, vector in
                (0..<vector.length).map { Float(($0 * 7 + index * 3) % 11) }
            }
            let plan = try Plan(
                shrinking: graph, baseline: graph, latents: importances, gradients: [],
                settings: ShrinkSettings(budget: .ratio(0.5), importance: .magnitude, rho: 0.1))
            graph = try Surgery(graph: graph, plan: plan).pruned
            #expect(graph != block.graph)
        }
        for options in ProgramOptions.tested {
            try ExecutorTests().expectReference(
                Executor(graph: graph, shard: 4, slice: 2, pool: ComputePool(threads: 2), options: options))
        }
    }
}
