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
        "weights of the later families start as in the papers' code too",
        arguments: [
            ("mobilenetv1", Initialization.uniformFanIn, Initialization.uniformFanIn),
            ("mobilenetv3-small", .normalFanOut, .normal(deviation: 0.01)),
            ("mnasnet", .uniformFanIn, .uniformFanIn), ("efficientnet-b0", .uniformFanIn, .uniformFanIn),
            ("regnety-200mf", .uniformFanIn, .uniformFanIn),
            ("densenet40", .normalFanIn, .normal(deviation: 1 / 456.0.squareRoot())),
            ("vgg16", .normalFanOut, .normal(deviation: 0.01)),
        ])
    func initialization(name: String, convolution: Initialization, linear: Initialization) throws {
        for node in try ModelZoo.network(named: name, input: 32, classes: 10).nodes {
            switch node.operation {
            case .convolution(let layer):
                #expect(layer.initialization == (layer.isLinear ? linear : convolution), "\(node.name)")
            case .linear(let layer):
                #expect(layer.initialization == linear)
            default:
                break
            }
        }
    }

    @Test(
        "parameters are called as in the papers' code, and have its shapes",
        arguments: [
            ("mobilenetv1", "features.2.conv.1.0.weight", [128, 64, 1, 1]),
            ("mobilenetv1", "features.13.conv.0.1.running_mean", [1024]),
            ("mobilenetv3-large", "features.4.conv.6.fc.2.weight", [72, 18, 1, 1]),
            ("mobilenetv3-large", "features.4.conv.8.bias", [40]),
            ("mobilenetv3-small", "conv.1.fc.0.bias", [144]),
            ("mobilenetv3-small", "classifier.0.weight", [1280, 576, 1, 1]),
            ("mnasnet", "layers.12.3.layers.7.weight", [192]),
            ("mnasnet", "layers.15.running_var", [1280]),
            ("efficientnet-b0", "features.16.conv.6.fc.0.weight", [48, 1152, 1, 1]),
            ("regnety-800mf", "features.4.conv.3.weight", [128, 16, 3, 3]),
            ("regnety-800mf", "features.4.skip_proj.1.weight", [128]),
            ("densenet100-bc", "features.3.15.body.5.weight", [12, 48, 3, 3]),
            ("densenet100-bc", "features.6.running_mean", [342]),
            ("vgg16", "features.16.0.bias", [512]),
            ("vgg16", "features.16.1.weight", [512]),
        ])
    func names(network: String, parameter: String, shape: [Int]) throws {
        let layout = ParameterLayout(try ModelZoo.network(named: network, input: 224, classes: 1000))
        #expect(layout[parameter]?.shape == shape)
    }

    @Test("a hypernetwork's VGG has no bias before a batch norm")
    func vggBias() throws {
        for form in [false, true] {
            let graph = try ModelZoo.network(
                named: "vgg16", input: 32, classes: 10, forHypernetwork: form)
            #expect((ParameterLayout(graph)["features.0.0.bias"] == nil) == form)
        }
    }

    @Test("groups keep their channels in a wider network and say how they are pruned")
    func groups() throws {
        for (name, width, expected) in [
            ("regnetx-200mf", 1.0, [(24, 3), (56, 7), (152, 19), (368, 46)]),
            ("regnetx-200mf", 2, [(48, 6), (112, 14), (304, 38), (736, 92)]),
            ("regnetx-8gf", 2, [(160, 1), (480, 4), (1440, 12), (3840, 32)]),
            ("regnetx-200mf", 0.5, [(12, 1), (28, 3), (76, 9), (184, 23)]),
        ] {
            let graph = try ModelZoo.network(
                named: name, input: 32, classes: 10, width: width, groupPruning: .narrow)
            let grouped = graph.nodes.compactMap { node -> Convolution? in
                guard case .convolution(let convolution) = node.operation, convolution.kernel == 3
                else { return nil }
                return convolution
            }.dropFirst()
            for (channels, groups) in expected {
                // Rounded to a multiple of the groups.
                let rounded = groups * ((channels + groups / 2) / groups)
                #expect(
                    grouped.contains {
                        $0.outChannels == rounded && $0.groups == groups && $0.groupPruning == .narrow
                    }, "\(name) \(width): \(channels)")
            }
        }
        let graph = try ModelZoo.network(named: "regnetx-200mf", input: 32, classes: 10)
        #expect(
            graph.nodes.allSatisfy {
                if case .convolution(let convolution) = $0.operation {
                    convolution.groupPruning == .whole
                } else {
                    true
                }
            })
    }

    @Test(
        "an unknown name is answered with the nearest known ones",
        arguments: [
            ("resnet-20", "resnet20"), ("ResNet50", "resnet50"), ("resnet165", "resnet164"), ("", "vgg11"),
            ("mobilenet_v3_large", "mobilenetv3-large"), ("regnetx_400mf", "regnetx-400mf"),
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
