/// The compiled passes of one convolution: forward, gradient of the weight and, if wanted, of the input.
///
/// Any number of threads share it, each through a ``ConvolutionContext``. Kernels of one geometry share
/// code inside oneDNN.
public final class ConvolutionKernel: Sendable {
    public let geometry: ConvolutionGeometry
    public let tiles: ConvolutionTiles
    /// Of input, output, their gradients and the packed weights. Biases and the weight's gradient are fp32.
    public let elements: ElementType
    public let hasBias: Bool
    public var needsInputGradient: Bool { passes.inputGradient != nil }

    let passes: ConvolutionPasses

    /// - Parameter paths: the code to use, where not what `ConvolutionPaths(for:_:)` chooses; it must fit the
    ///   geometry.
    /// - Parameter tiles: how the images are cut for the passes that take tiles.
    public init(
        _ geometry: ConvolutionGeometry, elements: ElementType = .fp32, hasBias: Bool,
        needsInputGradient: Bool, paths: ConvolutionPaths? = nil,
        tiles: ConvolutionTiles = ConvolutionTiles()
    ) throws(EngineError) {
        guard geometry.isValid else {
            throw EngineError(operation: "build a convolution", detail: "\(geometry) is none")
        }
        try Engine.check(elements)
        let paths = paths ?? ConvolutionPaths(for: geometry, elements)
        precondition(paths.fit(geometry, elements), "\(geometry) cannot go by \(paths)")
        precondition(
            tiles.all.allSatisfy { geometry.canBeCut(in: $0) }
                && (tiles.weightGradient == 1 || !hasBias && paths.weightGradient.canAdd),
            "\(geometry) in \(tiles)")
        passes = try ConvolutionPasses(
            geometry, elements, paths, tiles, hasBias: hasBias, needsInputGradient: needsInputGradient)
        self.geometry = geometry
        self.tiles = tiles
        self.elements = elements
        self.hasBias = hasBias
    }

    /// Elements of the weight packed for the forward pass, for the gradient of the input (0 if that is not
    /// wanted), and of the weight's gradient, in the passes' layouts with their padding.
    public var forwardWeightCount: Int { passes.forwardPacking.count }
    public var backwardWeightCount: Int { passes.inputGradientPacking?.count ?? 0 }
    public var weightGradientCount: Int { passes.gradientCount }
    public var gradientLayout: WeightLayout { passes.gradientLayout }

    /// The names of the code for the passes: oneDNN's, or "depthwise", "pointwise" or "amx" for our own
    /// loops. A "ref" among them is slow.
    public var implementations: (forward: String, backwardData: String?, backwardWeights: String) {
        (passes.forward.name, passes.inputGradient?.name, passes.weightGradient.name)
    }

    /// Rows of the weight that may be packed apart; 1: only all at once.
    public var forwardWeightRows: Int { passes.forwardPacking.rows }
    public var backwardWeightRows: Int { passes.inputGradientPacking?.rows ?? 1 }

    /// From (outChannels, inChannels / groups, kernel, kernel) in fp32 to `forwardWeightCount` elements,
    /// rounded to nearest even. Any thread.
    /// - Parameter rows: which of `forwardWeightRows`; nil: all. Whole blocks of 16 are fastest.
    public func packForward(
        _ weight: UnsafePointer<Float>, rows: Range<Int>? = nil, into packed: UnsafeMutableRawPointer
    ) {
        passes.forwardPacking.pack(weight, rows: rows, into: packed)
    }

    /// From (outChannels, inChannels / groups, kernel, kernel) in fp32 to `backwardWeightCount` elements,
    /// rounded to nearest even. Any thread.
    /// - Parameter rows: which of `backwardWeightRows`; nil: all.
    public func packBackward(
        _ weight: UnsafePointer<Float>, rows: Range<Int>? = nil, into packed: UnsafeMutableRawPointer
    ) {
        guard let packing = passes.inputGradientPacking else {
            preconditionFailure("\(geometry) was built without an input gradient")
        }
        packing.pack(weight, rows: rows, into: packed)
    }

    /// For one thread; contexts with the same scratch are used by one thread at a time.
    public func makeContext(_ scratch: Scratch) throws(EngineError) -> ConvolutionContext {
        try ConvolutionContext(self, scratch)
    }
}

extension ConvolutionPasses.Forward {
    fileprivate var name: String {
        switch self {
        case .primitive(let primitive): primitive.implementation
        case .depthwise: "depthwise"
        case .pointwise: "pointwise"
        case .amx: "amx"
        }
    }
}

extension ConvolutionPasses.InputGradient {
    fileprivate var name: String {
        switch self {
        case .direct(let primitive): primitive.implementation
        case .mirrored(let primitive): "mirrored " + primitive.implementation
        case .phased(let gradient):
            "phased " + (gradient.phases.first?.primitive.implementation ?? "")
        case .depthwise: "depthwise"
        case .pointwise: "pointwise"
        case .amx: "amx"
        }
    }
}

extension ConvolutionPasses.WeightGradient {
    fileprivate var name: String {
        switch self {
        case .direct(let primitive): primitive.implementation
        case .gathered: "gathered"
        case .product(let product): "product " + product.primitive.implementation
        case .pointwise: "pointwise"
        case .amx: "amx"
        case .depthwise: "depthwise"
        }
    }
}
