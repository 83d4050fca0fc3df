import ModelZoo
import NeuralNet
import Testing

@Suite("Networks by name")
struct ModelZooTests {
    @Test("builds under every name, in both forms, at odd sizes and widths", arguments: ModelZoo.names)
    func builds(name: String) throws {
        for (input, width) in [(8, 0.0625), (33, 0.37), (64, 1)] {
            for form in [false, true] {
                let graph = try ModelZoo.network(
                    named: name, input: input, classes: 7, width: width, forHypernetwork: form)
                #expect(graph.outputCount == 7)
                #expect(graph.inputShape == ImageShape(channels: 3, height: input, width: input))
            }
        }
    }

    @Test("parameters are called as in torchvision")
    func names() throws {
        let layout = ParameterLayout(try ModelZoo.network(named: "resnet50", input: 224, classes: 1000))
        #expect(layout["conv1.weight"]?.shape == [64, 3, 7, 7])
        #expect(layout["layer1.0.downsample.0.weight"]?.shape == [256, 64, 1, 1])
        #expect(layout["layer2.0.downsample.1.running_var"]?.shape == [512])
        #expect(layout["layer4.2.conv3.weight"]?.shape == [2048, 512, 1, 1])
        #expect(layout["fc.weight"]?.shape == [1000, 2048])
        #expect(layout["conv1.bias"] == nil)
    }

    @Test("MobileNetV2's too, and its strides follow the input")
    func mobileNetV2() throws {
        let layout = ParameterLayout(try ModelZoo.network(named: "mobilenetv2", input: 224, classes: 1000))
        #expect(layout["features.0.0.weight"]?.shape == [32, 3, 3, 3])
        #expect(layout["features.1.conv.0.0.weight"]?.shape == [32, 1, 3, 3])
        #expect(layout["features.1.conv.2.bias"]?.shape == [16])
        #expect(layout["features.2.conv.0.0.weight"]?.shape == [96, 16, 1, 1])
        #expect(layout["features.17.conv.3.running_var"]?.shape == [320])
        #expect(layout["features.18.0.weight"]?.shape == [1280, 320, 1, 1])
        #expect(layout["classifier.1.weight"]?.shape == [1000, 1280])
        for (input, strides) in [
            (32, [1, 1, 2, 2, 2]), (63, [1, 1, 2, 2, 2]), (64, [2, 1, 2, 2, 2]), (95, [2, 1, 2, 2, 2]),
            (96, [2, 2, 2, 2, 2]), (224, [2, 2, 2, 2, 2]),
        ] {
            let graph = try ModelZoo.network(named: "mobilenetv2", input: input, classes: 10)
            let layers = Complexity(graph).layers
            let found = ["0.0", "2.conv.1.0", "4.conv.1.0", "7.conv.1.0", "14.conv.1.0"].compactMap { name in
                layers.first { $0.name == "features.\(name)" }?.stride
            }
            #expect(found == strides, "\(input)")
            #expect(graph.nodes.count { $0.operation == .add } == 10)
        }
    }

    @Test("only a plain CIFAR ResNet's stem has a bias; weights start as in the papers' code")
    func initialization() throws {
        for (name, form, hasBias) in [
            ("resnet20", false, true), ("resnet20", true, false), ("resnet18", false, false),
        ] {
            let graph = try ModelZoo.network(named: name, input: 32, classes: 10, forHypernetwork: form)
            #expect((ParameterLayout(graph)["conv1.bias"] != nil) == hasBias)
            guard case .convolution(let stem) = graph.nodes[1].operation else {
                Issue.record("node 1 is no convolution")
                continue
            }
            #expect(stem.initialization == (name == "resnet20" ? .uniformFanIn : .normalFanOut))
        }
    }

    @Test(
        "an unknown name is answered with the nearest known ones",
        arguments: [
            ("resnet-20", "resnet20"), ("ResNet50", "resnet50"), ("resnet165", "resnet164"), ("", "resnet20"),
        ])
    func unknown(name: String, nearest: String) {
        #expect {
            try ModelZoo.network(named: name, input: 32, classes: 10)
        } throws: { error in
            guard case .unknownNetwork(let asked, let names) = error as? ModelZooError else { return false }
            return asked == name && names.first == nearest && names.count == 3
        }
    }

    @Test(
        "sizes out of range are refused",
        arguments: [
            (0, 10, 1.0), (-5, 10, 1), (Int.max, 10, 1), (32, 0, 1), (32, Int.max, 1), (32, 10, 0),
            (32, 10, -1),
            (32, 10, .infinity), (32, 10, .nan),
        ])
    func outOfRange(input: Int, classes: Int, width: Double) {
        #expect(throws: ModelZooError.self) {
            try ModelZoo.network(named: "resnet20", input: input, classes: classes, width: width)
        }
    }
}
