import ArgumentParser
import ModelZoo
import NeuralNet
import Observe

struct Describe: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a network's layers, FLOPs and parameters.",
        discussion: "Known networks: \(ModelZoo.names.joined(separator: ", ")).")

    @Argument(help: "The network's name.")
    var network: String

    @Option(help: "Side of the square input images, in pixels.")
    var input = 224

    @Option(help: "Number of classes.")
    var classes = 1000

    @Option(
        help: "Widen every layer so many times; not 1: the form that a hypernetwork makes the weights of.")
    var width = 1.0

    @Flag(help: "Print JSON.")
    var json = false

    struct Report: Encodable {
        struct Counts: Encodable {
            let published: Int
            let convLinear: Int
            let convLinearBn: Int

            init(_ counts: Complexity.Counts) {
                published = counts.published
                convLinear = counts.convLinear
                convLinearBn = counts.convLinearBN
            }
        }

        let network: String
        let input: Int
        let classes: Int
        let width: Double
        let flops: Counts
        let parameters: Counts
        let layers: [Complexity.Layer]
    }

    func run() throws {
        let graph = try ModelZoo.network(
            named: network, input: input, classes: classes, width: width, forHypernetwork: width != 1)
        let complexity = Complexity(graph)
        if json {
            print(
                try JSONOutput.text(
                    Report(
                        network: network, input: input, classes: classes, width: width,
                        flops: .init(complexity.flops), parameters: .init(complexity.parameters),
                        layers: complexity.layers)))
        } else {
            let form = width == 1 ? "" : ", width \(width)"
            print("\(network) on images of \(input)×\(input), \(classes) classes\(form)")
            print(table(complexity))
        }
    }

    private func table(_ complexity: Complexity) -> String {
        var layers = TextTable([
            ("layer", .left), ("kind", .left), ("in", .right), ("out", .right), ("kernel", .right),
            ("stride", .right), ("groups", .right), ("bias", .left), ("output", .right), ("FLOPs", .right),
            ("parameters", .right),
        ])
        for layer in complexity.layers {
            let isLinear = layer.kind == .linear
            layers.add([
                layer.name, layer.kind.rawValue, "\(layer.inChannels)", "\(layer.outChannels)",
                isLinear ? "" : "\(layer.kernel)×\(layer.kernel)", isLinear ? "" : "\(layer.stride)",
                layer.groups == 1 ? "" : "\(layer.groups)", layer.hasBias ? "bias" : "",
                isLinear ? "" : "\(layer.outHeight)×\(layer.outWidth)", "\(layer.flops)",
                "\(layer.parameters)",
            ])
        }
        var counts = TextTable([("", .left), ("FLOPs", .right), ("parameters", .right)])
        let rows: [(String, KeyPath<Complexity.Counts, Int>)] = [
            ("published (conv, linear, batch norm, activations)", \.published),
            ("conv + linear + batch norm", \.convLinearBN), ("conv + linear", \.convLinear),
        ]
        for (title, path) in rows {
            counts.add([
                title, "\(complexity.flops[keyPath: path])", "\(complexity.parameters[keyPath: path])",
            ])
        }
        return "\(layers)\n\n\(counts)"
    }
}
