/// Which code computes each pass of a convolution. The bits of a result depend on it.
public struct ConvolutionPaths: Hashable, Sendable {
    public enum Forward: String, Sendable, CaseIterable {
        /// oneDNN's first choice.
        case direct
        /// The first of oneDNN's choices that is called "jit", its older code.
        case older
        /// Loops of our own, for one input channel a group and as many output channels.
        case depthwise
        /// A product of our own, for 1×1 kernels of stride 1, no padding and one group.
        case pointwise
        /// By the CPU's matrix unit, in bf16, for one group.
        case amx
    }

    public enum InputGradient: String, Sendable, CaseIterable {
        case direct
        /// A forward convolution of the output's gradient with the weight turned round; for stride 1 and one
        /// group.
        case mirrored
        /// A forward convolution for each place that a pixel has within the stride; in fp32, for one group.
        case phased
        case depthwise
        case pointwise
        case amx
    }

    public enum WeightGradient: String, Sendable, CaseIterable {
        case direct
        /// One matrix product over all pixels; for 1×1 kernels of stride 1, no padding and one group.
        case product
        /// The same product by loops of our own, in bf16.
        case pointwise
        /// By loops of our own on gathered inputs, in fp32, for one group.
        case gathered
        case depthwise
        case amx

        /// Whether it can be added to what tiles before left. The matrix unit has no use for that: its
        /// stretches should be long.
        public var canAdd: Bool {
            switch self {
            case .direct, .product, .amx: false
            case .pointwise, .gathered, .depthwise: true
            }
        }
    }

    public var forward: Forward
    public var inputGradient: InputGradient
    public var weightGradient: WeightGradient

    public init(forward: Forward, inputGradient: InputGradient, weightGradient: WeightGradient) {
        self.forward = forward
        self.inputGradient = inputGradient
        self.weightGradient = weightGradient
    }

    /// The paths to take: by shape, type and the instruction level in use, so that equal machines get equal
    /// bits. Looking fixes the level.
    ///
    /// Measured on one AVX-512 core (Zen 5) with data out of memory, as they are in a step, over the layers
    /// of ResNet-50, MobileNetV2 and CIFAR's ResNets; `espalier bench convolution` repeats it. oneDNN 2.6
    /// has Winograd for none of them in NHWC.
    public init(for geometry: ConvolutionGeometry, _ elements: ElementType) {
        let g = geometry
        if g.isDepthwise {
            self.init(forward: .depthwise, inputGradient: .depthwise, weightGradient: .depthwise)
            return
        }
        if elements == .bf16, g.fitsAmx, Engine.hasAmx {
            self.init(forward: .amx, inputGradient: .amx, weightGradient: .amx)
            return
        }
        if g.isPointwise, Engine.hasAVX512, !Self.isBlockedFaster(g, elements) {
            // As fast as oneDNN where channels are many and fill its vectors, up to three times as fast where
            // they are few or odd, as pruning leaves them.
            self.init(
                forward: .pointwise, inputGradient: .pointwise, weightGradient: Self.weights(g, elements))
            return
        }
        self.init(
            forward: Self.isOlderFaster(g, elements) ? .older : .direct,
            inputGradient: Self.inputGradient(g, elements),
            weightGradient: Self.weights(g, elements))
    }

    /// oneDNN's own pass is mostly slower: in fp32 half as fast at stride 2 and for 1×1 kernels, in bf16 a
    /// third as fast as our product where channels are few or odd.
    private static func weights(_ g: ConvolutionGeometry, _ elements: ElementType) -> WeightGradient {
        switch elements {
        case .fp32 where g.fitsGathering: isGatheringSlower(g) ? .direct : .gathered
        case .fp32: g.isPointwise ? .product : .direct
        case .bf16: g.isPointwise ? .pointwise : .direct
        }
    }

    /// Of few products a pixel gathering takes a part that shows; oneDNN's code copies less if channels fill
    /// its vectors or the input is an image.
    private static func isGatheringSlower(_ g: ConvolutionGeometry) -> Bool {
        g.kernel > 1 && g.stride == 1 && g.outChannels % 16 == 0 && g.outChannels <= 32
            && (g.inChannels <= 4 || g.inChannels % 16 == 0 && g.inChannels <= 32)
    }

    /// Of wide weights oneDNN takes blocks of inputs, too, which stay in the near caches: as fast as our own
    /// product on Zen 5, a fifth to a third faster on Xeons of 2023, but only if channels fill its vectors.
    private static func isBlockedFaster(_ g: ConvolutionGeometry, _ elements: ElementType) -> Bool {
        elements == .fp32 && g.inChannels % 16 == 0 && g.outChannels % 16 == 0
            && g.inChannels * g.outChannels >= 1 << 18
    }

    /// oneDNN prefers its "brgconv" wherever it can; few output channels leave that half empty.
    private static func isOlderFaster(_ g: ConvolutionGeometry, _ elements: ElementType) -> Bool {
        guard Engine.hasAVX512 else { return false }
        // Of groups it leaves more than half empty.
        if g.groups > 1 { return elements == .bf16 || g.stride == 1 }
        guard g.outChannels % 8 == 0 else { return false }
        switch elements {
        case .fp32: return g.outChannels <= 32 && g.stride == 1
        case .bf16 where g.kernel == 1:
            return g.inChannels % 8 == 0 && (g.outChannels >= g.inChannels || g.outChannels < 64)
        case .bf16: return g.outChannels <= 128
        }
    }

    private static func inputGradient(_ g: ConvolutionGeometry, _ elements: ElementType) -> InputGradient {
        if isMirroredFaster(g, elements) { return .mirrored }
        return isPhasedFaster(g, elements) ? .phased : .direct
    }

    /// Forward convolutions are half as fast again as oneDNN's pass with a stride, but what they give must be
    /// copied, which shows where channels are few; 1×1 kernels have zeros in between besides.
    private static func isPhasedFaster(_ g: ConvolutionGeometry, _ elements: ElementType) -> Bool {
        guard Engine.hasAVX512, elements == .fp32, g.fitsPhases else { return false }
        return g.kernel == 1 ? g.inChannels >= 512 : g.inChannels >= 32 && g.outChannels >= 64
    }

    /// In fp32 a forward convolution is up to a quarter faster than oneDNN's pass for the same gradient,
    /// unless one side is narrow; in bf16 it is a little faster, but only if channels are many.
    private static func isMirroredFaster(_ g: ConvolutionGeometry, _ elements: ElementType) -> Bool {
        guard Engine.hasAVX512, g.canBeMirrored else { return false }
        switch elements {
        case .fp32: return g.inChannels >= 64 && g.outChannels >= 16
        case .bf16: return g.inChannels >= 256
        }
    }
}

extension ConvolutionGeometry {
    /// One channel in and out a group, all of them apart.
    var isDepthwise: Bool { groups > 1 && groups == inChannels && groups == outChannels }

    /// The same matrix for every pixel, which is taken by itself.
    public var isPointwise: Bool { kernel == 1 && stride == 1 && padding == 0 && groups == 1 }

    /// What the loops for the matrix unit are written for.
    var fitsAmx: Bool { groups == 1 && padding < kernel && stride <= 4 }

    /// What the loops on gathered inputs are written for.
    var fitsGathering: Bool { groups == 1 && padding < kernel && Engine.hasAVX512 }

    /// Whether pixels have different places within the stride.
    var fitsPhases: Bool { groups == 1 && stride > 1 && padding < kernel }

    var canBeMirrored: Bool { stride == 1 && groups == 1 && padding < kernel }

    /// The convolution of the output's gradient that gives the input's.
    var mirrored: ConvolutionGeometry {
        ConvolutionGeometry(
            images: images, inChannels: outChannels, inHeight: outHeight, inWidth: outWidth,
            outChannels: inChannels, kernel: kernel, padding: kernel - 1 - padding)
    }
}

extension ConvolutionPaths {
    /// As few combinations as show each way that each pass of the convolution can go.
    public static func all(for geometry: ConvolutionGeometry, _ elements: ElementType) -> [ConvolutionPaths] {
        var all = [ConvolutionPaths(forward: .direct, inputGradient: .direct, weightGradient: .direct)]
        if geometry.isDepthwise {
            all.append(
                ConvolutionPaths(forward: .depthwise, inputGradient: .depthwise, weightGradient: .depthwise))
        } else {
            all.append(
                ConvolutionPaths(
                    forward: .older, inputGradient: geometry.canBeMirrored ? .mirrored : .direct,
                    weightGradient: geometry.isPointwise ? .product : .direct))
        }
        if geometry.isPointwise {
            all.append(
                ConvolutionPaths(
                    forward: .pointwise, inputGradient: .pointwise,
                    weightGradient: elements == .bf16 ? .pointwise : .product))
        }
        if elements == .fp32, geometry.fitsPhases {
            all.append(ConvolutionPaths(forward: .direct, inputGradient: .phased, weightGradient: .direct))
        }
        if elements == .fp32, geometry.fitsGathering {
            all.append(ConvolutionPaths(forward: .direct, inputGradient: .direct, weightGradient: .gathered))
        }
        if elements == .bf16, geometry.fitsAmx, Engine.hasAmx {
            all.append(ConvolutionPaths(forward: .amx, inputGradient: .amx, weightGradient: .amx))
        }
        return all
    }

    /// Whether each pass can go its way.
    func fit(_ geometry: ConvolutionGeometry, _ elements: ElementType) -> Bool {
        let isAmx = forward == .amx || inputGradient == .amx || weightGradient == .amx
        let isDepthwise =
            forward == .depthwise || inputGradient == .depthwise || weightGradient == .depthwise
        let isPointwise =
            forward == .pointwise || inputGradient == .pointwise || weightGradient == .pointwise
            || weightGradient == .product
        return (inputGradient != .mirrored || geometry.canBeMirrored)
            && (inputGradient != .phased || (elements == .fp32 && geometry.fitsPhases))
            && (!isDepthwise || geometry.isDepthwise)
            && (!isPointwise || geometry.isPointwise)
            && (weightGradient != .pointwise || elements == .bf16)
            && (weightGradient != .gathered || (elements == .fp32 && geometry.fitsGathering))
            && (!isAmx || (elements == .bf16 && geometry.fitsAmx && Engine.hasAmx))
    }
}
