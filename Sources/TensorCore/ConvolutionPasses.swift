internal import COneDNN

/// The compiled passes of one convolution, each by the path chosen for it, with the layouts of the weight that
/// they want.
struct ConvolutionPasses: Sendable {
    enum Forward: Sendable {
        case primitive(Primitive)
        case depthwise
    }

    enum InputGradient: Sendable {
        case direct(Primitive)
        /// A forward primitive.
        case mirrored(Primitive)
        case depthwise
    }

    enum WeightGradient: Sendable {
        case direct(Primitive)
        case product(WeightProduct)
        case depthwise
    }

    let forward: Forward
    let inputGradient: InputGradient?
    let weightGradient: WeightGradient
    let forwardPacking: WeightPacking
    let inputGradientPacking: WeightPacking?
    /// Elements of the weight's gradient, padding included.
    let gradientCount: Int
    let gradientLayout: GradientLayout

    init(
        _ geometry: ConvolutionGeometry, _ elements: ElementType, _ paths: ConvolutionPaths, hasBias: Bool,
        needsInputGradient: Bool
    ) throws(EngineError) {
        let descriptors = try ConvolutionDescriptors(geometry, elements, hasBias: hasBias)
        var (hint, forward, packing): (Primitive?, Forward, WeightPacking)
        switch paths.forward {
        case .direct, .older:
            let primitive = try descriptors.makeForward(older: paths.forward == .older)
            hint = primitive
            forward = .primitive(primitive)
            packing = try WeightPacking(
                plain: descriptors.plainWeight, native: primitive.tensor(dnnl_query_weights_md), elements)
        case .depthwise:
            hint = nil
            forward = .depthwise
            packing = WeightPacking(depthwise: geometry, elements)
        }
        self.forward = forward
        forwardPacking = packing
        (weightGradient, gradientCount, gradientLayout) = try Self.makeWeightGradient(
            paths.weightGradient, descriptors, elements, &hint)
        guard needsInputGradient else {
            (inputGradient, inputGradientPacking) = (nil, nil)
            return
        }
        (inputGradient, inputGradientPacking) = try Self.makeInputGradient(
            paths.inputGradient, descriptors, elements, &hint)
    }

    /// - Parameter hint: oneDNN's forward pass, made if it is wanted and missing.
    private static func makeWeightGradient(
        _ path: ConvolutionPaths.WeightGradient, _ descriptors: ConvolutionDescriptors,
        _ elements: ElementType, _ hint: inout Primitive?
    ) throws(EngineError) -> (WeightGradient, count: Int, GradientLayout) {
        let g = descriptors.geometry
        switch path {
        case .depthwise:
            return (
                .depthwise, g.weightCount,
                GradientLayout(transposeOfRows: g.outChannels, rowLength: g.kernel * g.kernel)
            )
        case .product:
            if let product = try WeightProduct(g, elements) {
                let layout =
                    product.isTransposed
                    ? GradientLayout(transposeOfRows: g.outChannels, rowLength: g.inChannels)
                    : GradientLayout(rows: g.outChannels, rowLength: g.inChannels)
                return (.product(product), g.weightCount, layout)
            }
            fallthrough
        case .direct:
            let primitive = try descriptors.makeWeightGradient(hint: known(&hint, descriptors))
            let native = primitive.tensor(dnnl_query_diff_weights_md)
            return (
                .direct(primitive), OneDNN.byteCount(native) / ElementType.fp32.byteCount,
                try GradientLayout(
                    native, plain: descriptors.plainWeight, dimensions: descriptors.weightSizes)
            )
        }
    }

    private static func makeInputGradient(
        _ path: ConvolutionPaths.InputGradient, _ descriptors: ConvolutionDescriptors,
        _ elements: ElementType, _ hint: inout Primitive?
    ) throws(EngineError) -> (InputGradient, WeightPacking) {
        let g = descriptors.geometry
        switch path {
        case .depthwise:
            return (.depthwise, WeightPacking(depthwise: g, elements))
        case .mirrored:
            let turned = try ConvolutionDescriptors(g.mirrored, elements, hasBias: false)
            let isOlder = ConvolutionPaths(for: g.mirrored, elements).forward == .older
            let primitive = try turned.makeForward(older: isOlder)
            // The plain weight with its two channels' roles exchanged.
            let plain = try OneDNN.description(turned.weightSizes, dnnl_bacd)
            let packing = try WeightPacking(
                plain: plain, native: primitive.tensor(dnnl_query_weights_md), elements,
                turnedTaps: g.kernel * g.kernel)
            return (.mirrored(primitive), packing)
        case .direct:
            let primitive = try descriptors.makeInputGradient(hint: known(&hint, descriptors))
            let packing = try WeightPacking(
                plain: descriptors.plainWeight, native: primitive.tensor(dnnl_query_weights_md), elements)
            return (.direct(primitive), packing)
        }
    }

    private static func known(
        _ hint: inout Primitive?, _ descriptors: ConvolutionDescriptors
    ) throws(EngineError) -> Primitive {
        if let hint { return hint }
        let made = try descriptors.makeForward()
        hint = made
        return made
    }
}
