import Foundation
import TestSupport

/// One network of golden/complexity.json that the zoo has, and how to build it here.
struct ComplexityRow: CustomStringConvertible, Sendable {
    let id: String
    let network: String
    let input: Int
    let classes: Int
    let width: Double
    let forHypernetwork: Bool
    /// flops and parameters: conv_linear, conv_linear_bn, conv_linear_bn_relu.
    let flops: [Int]
    let parameters: [Int]
    /// In the order of execution; empty where the table was left out.
    let layers: [Layer]

    struct Layer: Equatable, Sendable {
        let name: String
        let kind: String
        /// in, out, kernel, stride, groups, out_h, out_w, macs, params, has_bias.
        let figures: [Int]
    }

    var description: String { id }

    /// Whether its layers are called as ours: the plain networks' but for the ResNets for CIFAR.
    var hasOurNames: Bool { !forHypernetwork && (input == 224 || !network.hasPrefix("resnet")) }

    static let all: [ComplexityRow] = {
        guard let file = Golden.file("complexity.json"), let root = try? file.json() as? [String: Any],
            let networks = root["networks"] as? [[String: Any]]
        else { return [] }
        return networks.compactMap(ComplexityRow.init)
    }()

    private init?(_ entry: [String: Any]) {
        guard let id = entry["id"] as? String, let module = entry["module"] as? String,
            let arguments = entry["args"] as? [String: Any], let input = entry["input"] as? [Int],
            let dataset = entry["dataset"] as? String, let layerCount = entry["n_layers"] as? Int,
            let network = Self.network(
                id, depth: arguments["depth"] as? Int, isImageNet: dataset == "ImageNet",
                layerCount: layerCount)
        else { return nil }
        self.id = id
        self.input = input[1]
        width = arguments["width_mult"] as? Double ?? 1
        forHypernetwork = !module.hasPrefix("model/")
        // The papers' MnasNet has Tiny-ImageNet's number of classes for every data set.
        let classes = ["CIFAR10": 10, "CIFAR100": 100, "Tiny_ImageNet": 200, "ImageNet": 1000][dataset] ?? 0
        self.classes = network == "mnasnet" ? 200 : classes
        self.network = network
        let counts = ["conv_linear", "conv_linear_bn", "conv_linear_bn_relu"]
        flops = counts.compactMap { entry["flops_\($0)"] as? Int }
        parameters = counts.compactMap { entry["params_\($0)"] as? Int }
        let rows = (entry["layers"] as? [[Any]] ?? []).sorted {
            ($0[12] as? Int ?? 0) < ($1[12] as? Int ?? 0)
        }
        layers = rows.map { row in
            Layer(
                name: row[0] as? String ?? "", kind: row[1] as? String ?? "",
                figures: row[2..<12].compactMap { $0 as? Int })
        }
    }

    /// Our name for it; nil: not ours.
    private static func network(_ id: String, depth: Int?, isImageNet: Bool, layerCount: Int) -> String? {
        if id.hasPrefix("regnet_") {
            let parts = id.prefix { $0 != "/" }.split(separator: "_")
            return "regnet\(parts[1])-\(parts[2])"
        }
        if let prefix = names.keys.first(where: { id.hasPrefix($0) }) { return names[prefix] }
        guard id.hasPrefix("resnet"), let depth else { return nil }
        return name(depth: depth, isImageNet: isImageNet, layerCount: layerCount)
    }

    /// Ours by how the papers' start.
    private static let names = [
        "mobilenetv1": "mobilenetv1", "mobilenetv2": "mobilenetv2", "mobilenet_imagenet": "mobilenetv2",
        "mobilenetv3_large": "mobilenetv3-large", "mobilenetv3_small": "mobilenetv3-small",
        "mnasnet": "mnasnet", "efficientnet_b0": "efficientnet-b0", "densenet40_k12": "densenet40",
        "densenet40_k24": "densenet40-k24", "densenet100bc": "densenet100-bc", "vggA": "vgg11",
        "vggB": "vgg13", "vgg16": "vgg16", "vgg19": "vgg19",
    ]

    /// The two repositories differ in which depths have bottlenecks; the number of layers tells.
    private static func name(depth: Int, isImageNet: Bool, layerCount: Int) -> String {
        if isImageNet { return "resnet\(depth)" }
        let isBasic = layerCount == (depth - 2) / 6 * 6 + 4
        switch depth {
        case 50: return isBasic ? "resnet50-cifar-basic" : "resnet50-cifar"
        case 110: return isBasic ? "resnet110" : "resnet110-bottleneck"
        case 164: return isBasic ? "resnet164-basic" : "resnet164"
        default: return "resnet\(depth)"
        }
    }
}
