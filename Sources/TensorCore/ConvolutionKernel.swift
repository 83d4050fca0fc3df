internal import CKernels
internal import COneDNN

/// The compiled passes of one convolution: forward, gradient of the weight and, if wanted, of the input.
///
/// Any number of threads share it, each through a ``ConvolutionContext``. Kernels of one geometry share
/// code inside oneDNN.
public final class ConvolutionKernel: Sendable {
    public let geometry: ConvolutionGeometry
    /// Of input, output, their gradients and the packed weights. Biases and the weight's gradient are fp32.
    public let elements: ElementType
    public let hasBias: Bool
    public var needsInputGradient: Bool { backwardData != nil }

    let forward: Primitive
    let backwardData: Primitive?
    let backwardWeights: Primitive

    private let forwardLayout: WeightLayout
    private let backwardLayout: WeightLayout?
    private let forwardPacking: Primitive?
    private let backwardPacking: Primitive?
    /// Elements of the weight's gradient in its own layout, with the padding.
    public let weightGradientCount: Int
    public let gradientLayout: GradientLayout

    public init(
        _ geometry: ConvolutionGeometry, elements: ElementType = .fp32, hasBias: Bool,
        needsInputGradient: Bool
    ) throws(EngineError) {
        let passes = try ConvolutionPasses(
            geometry, elements, hasBias: hasBias, needsInputGradient: needsInputGradient)
        self.geometry = geometry
        self.elements = elements
        self.hasBias = hasBias
        forward = passes.forward
        backwardData = passes.backwardData
        backwardWeights = passes.backwardWeights
        let plain = passes.plainWeight
        forwardLayout = WeightLayout(
            plain: plain, native: forward.tensor(dnnl_query_weights_md), elements)
        let gradient = WeightLayout(
            plain: plain, native: backwardWeights.tensor(dnnl_query_diff_weights_md), .fp32)
        weightGradientCount = gradient.count
        gradientLayout =
            try gradient.positions(weightCount: geometry.weightCount).map {
                GradientLayout(positions: $0, rows: geometry.outChannels)
            }
            ?? GradientLayout(
                rows: geometry.outChannels, rowLength: geometry.weightCount / geometry.outChannels)
        backwardLayout = backwardData.map {
            WeightLayout(plain: plain, native: $0.tensor(dnnl_query_weights_md), elements)
        }
        forwardPacking = try forwardLayout.packing()
        backwardPacking = try backwardLayout?.packing()
    }

    /// Elements of the weight packed for the forward pass and for the gradient of the input (0 if that is not
    /// wanted), in oneDNN's layouts with their padding.
    public var forwardWeightCount: Int { forwardLayout.count }
    public var backwardWeightCount: Int { backwardLayout?.count ?? 0 }

    /// oneDNN's names of the code for the passes; a "ref" or "gemm" among them is slow.
    public var implementations: (forward: String, backwardData: String?, backwardWeights: String) {
        (forward.implementation, backwardData?.implementation, backwardWeights.implementation)
    }

    /// From (outChannels, inChannels / groups, kernel, kernel) in fp32 to `forwardWeightCount` elements,
    /// rounded to nearest even. Any thread.
    public func packForward(_ weight: UnsafePointer<Float>, into packed: UnsafeMutableRawPointer) {
        pack(weight, packed, forwardLayout, forwardPacking)
    }

    /// From (outChannels, inChannels / groups, kernel, kernel) in fp32 to `backwardWeightCount` elements,
    /// rounded to nearest even. Any thread.
    public func packBackward(_ weight: UnsafePointer<Float>, into packed: UnsafeMutableRawPointer) {
        guard let backwardLayout else {
            preconditionFailure("\(geometry) was built without an input gradient")
        }
        pack(weight, packed, backwardLayout, backwardPacking)
    }

    /// For one thread; contexts with the same scratch are used by one thread at a time.
    public func makeContext(_ scratch: Scratch) throws(EngineError) -> ConvolutionContext {
        try ConvolutionContext(self, scratch)
    }

    private func pack(
        _ weight: UnsafePointer<Float>, _ packed: UnsafeMutableRawPointer, _ layout: WeightLayout,
        _ packing: Primitive?
    ) {
        guard let packing else {
            packed.copyMemory(from: weight, byteCount: layout.count * layout.elements.byteCount)
            return
        }
        // A few small objects once a step; the caller may be any thread.
        do {
            let invocation = try Invocation(
                packing, Scratch(), [(DNNL_ARG_FROM, layout.plain), (DNNL_ARG_TO, layout.native)])
            invocation.run(weight, packed)
        } catch {
            fatalError(error.description)
        }
    }
}
