internal import COneDNN

/// A convolution ready to run on one thread: nothing is allocated in a call (but see ``WeightProduct``).
/// Inputs, outputs and their gradients are NHWC, of the kernel's element type, and of exactly one tile of the
/// pass. Weights and their gradients are in the kernel's packed layouts.
public final class ConvolutionContext {
    private let geometry: ConvolutionGeometry
    private let elements: ElementType
    private let passes: ConvolutionPasses
    /// By the images of each pass.
    private let depthwiseForward: DepthwisePasses
    private let depthwiseData: DepthwisePasses
    private let depthwiseWeights: DepthwisePasses
    /// Of passes that are oneDNN's; of others nil.
    private let forwardPass: Invocation?
    private let backwardDataPass: Invocation?
    /// Of each phase, where that is the input gradient's way.
    private let phasePasses: [Invocation]
    private let backwardWeightsPass: Invocation?
    /// Whether `backwardWeightsPass` gives the gradient of a bias, too.
    private let sumsBias: Bool
    private let scratch: Scratch

    init(_ kernel: ConvolutionKernel, _ scratch: Scratch) throws(EngineError) {
        geometry = kernel.geometry
        elements = kernel.elements
        passes = kernel.passes
        let tiles = kernel.tiles
        depthwiseForward = DepthwisePasses(geometry.tile(of: tiles.forward), elements)
        depthwiseData = DepthwisePasses(geometry.tile(of: tiles.inputGradient), elements)
        depthwiseWeights = DepthwisePasses(geometry.tile(of: tiles.weightGradient), elements)
        forwardPass = try Self.forwardPass(kernel, scratch)
        backwardDataPass = try Self.backwardDataPass(kernel, scratch)
        phasePasses = try Self.phasePasses(kernel, scratch)
        (backwardWeightsPass, sumsBias) = try Self.backwardWeightsPass(kernel, scratch)
        try scratch.reserve(passes.scratchByteCount)
        self.scratch = scratch
    }

    /// output = input ∗ weight + bias. `bias` (outChannels) is given exactly if the kernel has one.
    public func forward(
        input: UnsafeRawPointer, weight: UnsafeRawPointer, bias: UnsafePointer<Float>? = nil,
        output: UnsafeMutableRawPointer
    ) {
        switch passes.forward {
        case .primitive:
            if let bias {
                forwardPass?.run(input, weight, output, bias)
            } else {
                forwardPass?.run(input, weight, output)
            }
        case .depthwise: depthwiseForward.forward(input, weight, bias, output)
        case .pointwise(let product): product.run(input, weight, bias, output)
        case .amx(let convolution): convolution.forward(input, weight, bias, output, scratch)
        }
    }

    /// The gradient of the input; overwrites it. `weight` is packed for the backward pass.
    public func backwardData(
        outputGradient: UnsafeRawPointer, weight: UnsafeRawPointer, inputGradient: UnsafeMutableRawPointer
    ) {
        switch passes.inputGradient {
        case nil: preconditionFailure("\(geometry) was built without an input gradient")
        case .direct, .mirrored: backwardDataPass?.run(outputGradient, weight, inputGradient)
        case .phased(let gradient):
            gradient.run(outputGradient, weight, inputGradient, passes: phasePasses, scratch)
        case .depthwise: depthwiseData.backwardData(outputGradient, weight, inputGradient)
        case .pointwise(let product): product.run(outputGradient, weight, nil, inputGradient)
        case .amx(let convolution):
            convolution.inputGradient(outputGradient, weight, inputGradient, scratch)
        }
    }

    /// The gradients of the weight, padding zero, and of the bias (given exactly if the kernel has one);
    /// overwrites them.
    /// - Parameter adds: the weight's is added to what is there: of tiles but the first.
    public func backwardWeights(
        input: UnsafeRawPointer, outputGradient: UnsafeRawPointer,
        weightGradient: UnsafeMutablePointer<Float>, biasGradient: UnsafeMutablePointer<Float>? = nil,
        adds: Bool = false
    ) {
        if sumsBias, let biasGradient {
            backwardWeightsPass?.run(input, outputGradient, weightGradient, biasGradient)
            return
        }
        switch passes.weightGradient {
        case .direct, .product: backwardWeightsPass?.run(input, outputGradient, weightGradient)
        case .pointwise(let weights): weights.run(input, outputGradient, weightGradient, scratch, adds: adds)
        case .gathered(let weights): weights.run(input, outputGradient, weightGradient, scratch, adds: adds)
        case .depthwise: depthwiseWeights.backwardWeights(input, outputGradient, weightGradient, adds: adds)
        case .amx(let convolution):
            convolution.weightGradient(input, outputGradient, weightGradient, scratch)
        }
        guard let biasGradient else { return }
        elements.addRows(
            outputGradient, rows: geometry.images * geometry.outHeight * geometry.outWidth,
            channels: geometry.outChannels, into: biasGradient)
    }

    // MARK: Binding

    private static func forwardPass(
        _ kernel: ConvolutionKernel, _ scratch: Scratch
    ) throws(EngineError) -> Invocation? {
        guard case .primitive(let forward) = kernel.passes.forward else { return nil }
        var tensors = tensors(ofForward: forward)
        if kernel.hasBias {
            tensors.append((DNNL_ARG_BIAS, try OneDNN.description([kernel.geometry.outChannels], dnnl_x)))
        }
        return try Invocation(forward, scratch, tensors)
    }

    private static func backwardDataPass(
        _ kernel: ConvolutionKernel, _ scratch: Scratch
    ) throws(EngineError) -> Invocation? {
        switch kernel.passes.inputGradient {
        case nil, .phased, .depthwise, .pointwise, .amx:
            return nil
        case .mirrored(let forward):
            return try Invocation(forward, scratch, tensors(ofForward: forward))
        case .direct(let pass):
            return try Invocation(
                pass, scratch,
                [
                    (DNNL_ARG_DIFF_DST, pass.tensor(dnnl_query_diff_dst_md)),
                    (DNNL_ARG_WEIGHTS, pass.tensor(dnnl_query_weights_md)),
                    (DNNL_ARG_DIFF_SRC, pass.tensor(dnnl_query_diff_src_md)),
                ])
        }
    }

    private static func phasePasses(
        _ kernel: ConvolutionKernel, _ scratch: Scratch
    ) throws(EngineError) -> [Invocation] {
        guard case .phased(let gradient) = kernel.passes.inputGradient else { return [] }
        var passes: [Invocation] = []
        for phase in gradient.phases {
            passes.append(try Invocation(phase.primitive, scratch, tensors(ofForward: phase.primitive)))
        }
        return passes
    }

    private static func backwardWeightsPass(
        _ kernel: ConvolutionKernel, _ scratch: Scratch
    ) throws(EngineError) -> (Invocation?, sumsBias: Bool) {
        switch kernel.passes.weightGradient {
        case .depthwise, .pointwise, .gathered, .amx:
            return (nil, false)
        case .product(let product):
            return (try Invocation(product.primitive, scratch, product.tensors), false)
        case .direct(let pass):
            var tensors = [
                (DNNL_ARG_SRC, pass.tensor(dnnl_query_src_md)),
                (DNNL_ARG_DIFF_DST, pass.tensor(dnnl_query_diff_dst_md)),
                (DNNL_ARG_DIFF_WEIGHTS, pass.tensor(dnnl_query_diff_weights_md)),
            ]
            if kernel.hasBias {
                let bias = try OneDNN.description([kernel.geometry.outChannels], dnnl_x)
                tensors.append((DNNL_ARG_DIFF_BIAS, bias))
            }
            return (try Invocation(pass, scratch, tensors), kernel.hasBias)
        }
    }

    private static func tensors(
        ofForward forward: Primitive
    ) -> [(argument: Int32, layout: dnnl_memory_desc_t)] {
        [
            (DNNL_ARG_SRC, forward.tensor(dnnl_query_src_md)),
            (DNNL_ARG_WEIGHTS, forward.tensor(dnnl_query_weights_md)),
            (DNNL_ARG_DST, forward.tensor(dnnl_query_dst_md)),
        ]
    }
}
