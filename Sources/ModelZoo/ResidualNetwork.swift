import NeuralNet

/// A ResNet (He, Zhang, Ren, Sun: "Deep residual learning for image recognition", CVPR 2016) as figures: the
/// kind of block, the blocks of each stage, the stem.
struct ResidualNetwork: Architecture {
    enum Block: Sendable {
        /// Two 3×3 convolutions.
        case basic
        /// 1×1, 3×3, 1×1, the last four times as wide.
        case bottleneck

        var expansion: Int { self == .basic ? 1 : 4 }
    }

    enum Stem: Sendable {
        /// 3×3 with 16 channels, stride 2 from 64 pixels on; three stages.
        case cifar
        /// 7×7 stride 2 with 64 channels, max pool; four stages.
        case imageNet

        var channels: Int { self == .cifar ? 16 : 64 }
    }

    let name: String
    let stem: Stem
    let block: Block
    let blocks: [Int]

    func graph(_ options: GraphOptions) -> Graph {
        var builder = ResidualBuilder(network: self, options)
        builder.addStem()
        for (stage, count) in blocks.enumerated() {
            for block in 0..<count { builder.addBlock(stage: stage, block: block) }
        }
        return builder.finish()
    }
}

extension ModelZoo {
    /// For CIFAR, depth = 6n + 2 with basic blocks, 9n + 2 with bottlenecks. ResNet-110 is basic and
    /// ResNet-164 bottleneck in the papers; the code of LW-DNA and DHP has both with either block.
    static let residualNetworks: [ResidualNetwork] = [
        cifar(20, .basic), cifar(32, .basic), cifar(44, .basic), cifar(56, .basic),
        cifar(110, .basic), cifar(110, .bottleneck, suffix: "-bottleneck"),
        cifar(164, .bottleneck), cifar(164, .basic, suffix: "-basic"),
        imageNet(18, .basic, [2, 2, 2, 2]), imageNet(34, .basic, [3, 4, 6, 3]),
        imageNet(50, .bottleneck, [3, 4, 6, 3]), imageNet(101, .bottleneck, [3, 4, 23, 3]),
        imageNet(152, .bottleneck, [3, 8, 36, 3]),
        cifar(50, .bottleneck, suffix: "-cifar"), cifar(50, .basic, suffix: "-cifar-basic"),
    ]

    private static func cifar(
        _ depth: Int, _ block: ResidualNetwork.Block, suffix: String = ""
    ) -> ResidualNetwork {
        let perStage = (depth - 2) / (block == .basic ? 6 : 9)
        return ResidualNetwork(
            name: "resnet\(depth)\(suffix)", stem: .cifar, block: block,
            blocks: [Int](repeating: perStage, count: 3))
    }

    private static func imageNet(_ depth: Int, _ block: ResidualNetwork.Block, _ blocks: [Int])
        -> ResidualNetwork
    {
        ResidualNetwork(name: "resnet\(depth)", stem: .imageNet, block: block, blocks: blocks)
    }
}
