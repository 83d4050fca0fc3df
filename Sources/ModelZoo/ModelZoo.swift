public import NeuralNet

/// The networks by name. Each is data: a ``Graph`` built for an input size, a number of classes and a width.
public enum ModelZoo {
    static let networks: [any Architecture] =
        residualNetworks as [any Architecture] + [
            MobileNetV1(), MobileNetV2(), MobileNetV3.small, MobileNetV3.large, MnasNet(), EfficientNet(),
        ] + regNets + denseNets + vggs

    /// Every name that ``network(named:input:classes:width:forHypernetwork:groupPruning:)`` knows: family by
    /// family, smaller networks first.
    public static let names = networks.map(\.name)

    /// Sides of the square input image, in pixels.
    public static let inputRange = 8...4096
    public static let classesRange = 1...1_000_000
    /// Multipliers of every layer's channels.
    public static let widthRange = 0.0625...64.0

    /// Builds a network for RGB images of `input` × `input` pixels.
    ///
    /// Channels are multiplied by `width` and rounded, at least 1. Parameters are called as in torchvision or
    /// the papers' code (ResNets: `conv1`, `layer1.0.bn2`, `layer2.0.downsample.0`, `fc`; MobileNetV2:
    /// `features.0.0`, `features.2.conv.1.0`, `classifier.1`; RegNets: `features.3.conv.3`,
    /// `features.3.skip_proj.0`), also in the networks for CIFAR. Small inputs are reduced less on the way:
    /// each network says from which side on it has which strides. Dropout and drop-connect are left out.
    ///
    /// - Parameters:
    ///   - forHypernetwork: the form that a hypernetwork makes the weights of. The papers' code differs
    ///     slightly between the two: a plain CIFAR ResNet's stem and a plain VGG's convolutions have a bias,
    ///     and a plain ImageNet ResNet's activations are one module a block, counted once. Weights of one
    ///     form cannot be loaded into the other.
    ///   - groupPruning: what is pruned of a RegNet's grouped convolutions.
    public static func network(
        named name: String, input: Int, classes: Int, width: Double = 1,
        forHypernetwork: Bool = false, groupPruning: GroupPruning = .whole
    ) throws(ModelZooError) -> Graph {
        guard let network = networks.first(where: { $0.name == name }) else {
            throw .unknownNetwork(name, nearest: EditDistance.nearest(to: name, among: names))
        }
        guard inputRange.contains(input) else {
            throw .outOfRange(
                "input side", "\(input)", "\(inputRange.lowerBound) to \(inputRange.upperBound)")
        }
        guard classesRange.contains(classes) else {
            throw .outOfRange(
                "classes", "\(classes)", "\(classesRange.lowerBound) to \(classesRange.upperBound)")
        }
        guard widthRange.contains(width) else {
            throw .outOfRange("width", "\(width)", "\(widthRange.lowerBound) to \(widthRange.upperBound)")
        }
        return network.graph(
            GraphOptions(
                input: input, classes: classes, width: width, forHypernetwork: forHypernetwork,
                groupPruning: groupPruning))
    }
}
