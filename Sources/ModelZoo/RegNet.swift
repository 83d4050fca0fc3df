import NeuralNet

/// A RegNet (Radosavovic, Kosaraju, Girshick, He, Dollár: "Designing network design spaces", CVPR 2020) as
/// figures: the blocks and channels of its stages, and the channels of a group. Y has squeeze-excite, X has
/// not.
///
/// The form for a hypernetwork is the plain one.
struct RegNet: Architecture {
    struct Stage: Sendable {
        let blocks: Int
        let channels: Int
    }

    static let stemChannels = 32

    let name: String
    let stages: [Stage]
    /// Channels of a group, at least: groups are as many as have room for that, so a wider network has more
    /// groups and not wider ones.
    let groupChannels: Int
    let isGated: Bool

    func graph(_ options: GraphOptions) -> Graph {
        var builder = NetworkBuilder(name: name, input: options.input)
        var names = ModuleNames("features")
        builder.convolve(
            names.triple(), options.scaled(Self.stemChannels), kernel: 3,
            stride: options.input < InputSides.imageNet ? 1 : 2, then: .relu)
        for (index, stage) in stages.enumerated() {
            // On CIFAR the first two stages keep the size.
            let first = index < 2 && options.input < InputSides.tinyImageNet ? 1 : 2
            for block in 0..<stage.blocks {
                addBlock(
                    &builder, names.next(), channels: options.scaled(stage.channels),
                    stride: block == 0 ? first : 1, groupPruning: options.groupPruning)
            }
        }
        builder.pool()
        return builder.finish("classifier", classes: options.classes)
    }

    /// 1×1, grouped 3×3, gate, 1×1, all with the same channels: the multiple of the number of groups next to
    /// `channels`. Added to the input, or to a projection of it where channels or size change.
    private func addBlock(
        _ builder: inout NetworkBuilder, _ name: String, channels: Int, stride: Int,
        groupPruning: GroupPruning
    ) {
        let groups = max(1, channels / groupChannels)
        let channels = groups * ((channels + groups / 2) / groups)
        let entry = builder.last
        let entryChannels = builder.shape.channels
        var names = ModuleNames("\(name).conv")
        builder.convolve(names.triple(), channels, kernel: 1, then: .relu)
        builder.convolve(
            names.triple(), channels, kernel: 3, stride: stride, groups: groups, groupPruning: groupPruning,
            then: .relu)
        if isGated {
            builder.gate(
                names.next(),
                SqueezeExcite(squeezed: max(1, entryChannels / 4), activation: .relu, gate: .sigmoid))
        }
        builder.convolve(names.pair(), channels, kernel: 1)
        let body = builder.last
        builder.last = entry
        if stride > 1 || entryChannels != channels {
            var projection = ModuleNames("\(name).skip_proj")
            builder.convolve(projection.pair(), channels, kernel: 1, stride: stride)
        }
        let shortcut = builder.last
        builder.last = body
        builder.merge("\(name).add", with: shortcut)
        builder.add("\(name).relu", .activation(.relu))
    }
}

extension ModelZoo {
    /// The paper's tables 8 (X) and 9 (Y).
    static let regNets: [RegNet] = [
        regNet("x-200mf", groupChannels: 8, blocks: [1, 1, 4, 7], channels: [24, 56, 152, 368]),
        regNet("x-400mf", groupChannels: 16, blocks: [1, 2, 7, 12], channels: [32, 64, 160, 384]),
        regNet("x-600mf", groupChannels: 24, blocks: [1, 3, 5, 7], channels: [48, 96, 240, 528]),
        regNet("x-800mf", groupChannels: 16, blocks: [1, 3, 7, 5], channels: [64, 128, 288, 672]),
        regNet("x-4gf", groupChannels: 40, blocks: [2, 5, 14, 2], channels: [80, 240, 560, 1360]),
        regNet("x-8gf", groupChannels: 120, blocks: [2, 5, 15, 1], channels: [80, 240, 720, 1920]),
        regNet("y-200mf", groupChannels: 8, blocks: [1, 1, 4, 7], channels: [24, 56, 152, 368]),
        regNet("y-400mf", groupChannels: 8, blocks: [1, 3, 6, 6], channels: [48, 104, 208, 440]),
        regNet("y-600mf", groupChannels: 16, blocks: [1, 3, 7, 4], channels: [48, 112, 256, 608]),
        regNet("y-800mf", groupChannels: 16, blocks: [1, 3, 8, 2], channels: [64, 128, 320, 768]),
    ]

    private static func regNet(_ regime: String, groupChannels: Int, blocks: [Int], channels: [Int]) -> RegNet
    {
        RegNet(
            name: "regnet\(regime)",
            stages: zip(blocks, channels).map { RegNet.Stage(blocks: $0, channels: $1) },
            groupChannels: groupChannels, isGated: regime.hasPrefix("y"))
    }
}
