internal import COneDNN

/// The compiled passes of one convolution, each by the path chosen for it, with the layouts of the weight
/// that they want.
struct ConvolutionPasses: Sendable {
    enum Forward: Sendable {
        case primitive(Primitive)
        case depthwise
        case pointwise(PointwiseProduct)
        case amx(AmxConvolution)
    }

    enum InputGradient: Sendable {
        case direct(Primitive)
        /// A forward primitive.
        case mirrored(Primitive)
        case phased(PhasedGradient)
        case depthwise
        case pointwise(PointwiseProduct)
        case amx(AmxConvolution)
    }

    enum WeightGradient: Sendable {
        case direct(Primitive)
        case product(WeightProduct)
        case pointwise(PointwiseWeights)
        case gathered(GatheredWeights)
        case depthwise
        case amx(AmxConvolution)
    }

    let forward: Forward
    let inputGradient: InputGradient?
    let weightGradient: WeightGradient
    let forwardPacking: WeightPacking
    let inputGradientPacking: WeightPacking?
    /// Elements of the weight's gradient, padding included.
    let gradientCount: Int
    let gradientLayout: WeightLayout

    init(
        _ geometry: ConvolutionGeometry, _ elements: ElementType, _ paths: ConvolutionPaths,
        _ tiles: ConvolutionTiles, hasBias: Bool, needsInputGradient: Bool
    ) throws(EngineError) {
        (forward, forwardPacking) = try Self.makeForward(
            paths.forward,
            ConvolutionDescriptors(geometry.tile(of: tiles.forward), elements, hasBias: hasBias), elements)
        (weightGradient, gradientCount, gradientLayout) = try Self.makeWeightGradient(
            paths.weightGradient,
            ConvolutionDescriptors(geometry.tile(of: tiles.weightGradient), elements, hasBias: hasBias),
            elements)
        guard needsInputGradient else {
            (inputGradient, inputGradientPacking) = (nil, nil)
            return
        }
        let tile = geometry.tile(of: tiles.inputGradient)
        (inputGradient, inputGradientPacking) = try Self.makeInputGradient(
            paths.inputGradient, ConvolutionDescriptors(tile, elements, hasBias: hasBias), elements)
    }

    /// What the passes that are not oneDNN's need of a thread's memory.
    var scratchByteCount: Int {
        var byteCount = 0
        if case .amx(let convolution) = forward {
            byteCount = convolution.scratchByteCount(.forward)
        }
        if case .amx(let convolution) = inputGradient {
            byteCount = max(byteCount, convolution.scratchByteCount(.inputGradient))
        }
        if case .phased(let gradient) = inputGradient {
            byteCount = max(byteCount, gradient.scratchByteCount)
        }
        switch weightGradient {
        case .amx(let convolution): return max(byteCount, convolution.weightsScratchByteCount)
        case .pointwise(let weights): return max(byteCount, weights.scratchByteCount)
        case .gathered(let weights): return max(byteCount, weights.scratchByteCount)
        case .direct, .product, .depthwise: return byteCount
        }
    }

    private static func makeForward(
        _ path: ConvolutionPaths.Forward, _ descriptors: ConvolutionDescriptors, _ elements: ElementType
    ) throws(EngineError) -> (Forward, WeightPacking) {
        switch path {
        case .direct, .older:
            let primitive = try descriptors.makeForward(older: path == .older)
            return (.primitive(primitive), try descriptors.packing(of: primitive, elements))
        case .depthwise:
            return (.depthwise, WeightPacking(depthwise: descriptors.geometry, elements))
        case .pointwise:
            let geometry = descriptors.geometry
            return (
                .pointwise(PointwiseProduct(forward: geometry, elements)),
                WeightPacking(pointwise: geometry, elements, turned: false)
            )
        case .amx:
            let convolution = AmxConvolution(descriptors.geometry)
            return (.amx(convolution), WeightPacking(convolution, .forward))
        }
    }

    private static func makeWeightGradient(
        _ path: ConvolutionPaths.WeightGradient, _ descriptors: ConvolutionDescriptors,
        _ elements: ElementType
    ) throws(EngineError) -> (WeightGradient, count: Int, WeightLayout) {
        let g = descriptors.geometry
        switch path {
        case .depthwise:
            return (
                .depthwise, g.weightCount,
                WeightLayout(transposedRows: g.outChannels, rowLength: g.kernel * g.kernel)
            )
        case .pointwise:
            let weights = PointwiseWeights(g)
            return (.pointwise(weights), g.weightCount, g.matrixLayout(isTransposed: weights.isTransposed))
        case .gathered:
            let weights = GatheredWeights(g)
            return (.gathered(weights), g.weightCount, weights.gradientLayout)
        case .amx:
            let convolution = AmxConvolution(g)
            return (.amx(convolution), g.weightCount, convolution.gradientLayout)
        case .product:
            if let product = try WeightProduct(g, elements) {
                let layout = g.matrixLayout(isTransposed: product.isTransposed)
                return (.product(product), g.weightCount, layout)
            }
            fallthrough
        case .direct:
            let primitive = try descriptors.makeWeightGradient(hint: descriptors.makeForward())
            let native = primitive.tensor(dnnl_query_diff_weights_md)
            return (
                .direct(primitive), OneDNN.byteCount(native) / ElementType.fp32.byteCount,
                try WeightLayout(
                    native, plain: descriptors.plainWeight, sizes: descriptors.weightSizes)
            )
        }
    }

    private static func makeInputGradient(
        _ path: ConvolutionPaths.InputGradient, _ descriptors: ConvolutionDescriptors,
        _ elements: ElementType
    ) throws(EngineError) -> (InputGradient, WeightPacking) {
        let g = descriptors.geometry
        switch path {
        case .depthwise:
            return (.depthwise, WeightPacking(depthwise: g, elements))
        case .pointwise:
            return (
                .pointwise(PointwiseProduct(inputGradient: g, elements)),
                WeightPacking(pointwise: g, elements, turned: true)
            )
        case .amx:
            let convolution = AmxConvolution(g)
            return (.amx(convolution), WeightPacking(convolution, .inputGradient))
        case .mirrored:
            let turned = try ConvolutionDescriptors(g.mirrored, elements, hasBias: false)
            let isOlder = ConvolutionPaths(for: g.mirrored, elements).forward == .older
            let primitive = try turned.makeForward(older: isOlder)
            let native = primitive.tensor(dnnl_query_weights_md)
            let layout = try WeightLayout(turned: native, sizes: turned.weightSizes)
            return (.mirrored(primitive), WeightPacking(g, native: native, layout: layout, elements))
        case .phased:
            if let gradient = try PhasedGradient(g) {
                return (.phased(gradient), WeightPacking(g, gradient))
            }
            fallthrough
        case .direct:
            let primitive = try descriptors.makeInputGradient(hint: descriptors.makeForward())
            return (.direct(primitive), try descriptors.packing(of: primitive, elements))
        }
    }
}

extension ConvolutionGeometry {
    /// Of the weight of a 1×1 convolution, (output, input) or its transpose.
    fileprivate func matrixLayout(isTransposed: Bool) -> WeightLayout {
        isTransposed
            ? WeightLayout(transposedRows: outChannels, rowLength: inChannels)
            : WeightLayout(rows: outChannels, rowLength: inChannels)
    }
}

extension ConvolutionDescriptors {
    /// For a pass that reads the weight as it is.
    fileprivate func packing(
        of primitive: Primitive, _ elements: ElementType
    ) throws(EngineError) -> WeightPacking {
        let native = primitive.tensor(dnnl_query_weights_md)
        let layout = try WeightLayout(native, plain: plainWeight, sizes: weightSizes)
        return WeightPacking(geometry, native: native, layout: layout, elements)
    }
}
