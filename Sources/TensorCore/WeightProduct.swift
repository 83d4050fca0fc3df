internal import COneDNN

/// The weight's gradient of a 1×1 convolution as one product of matrices: with a row for each pixel of all
/// images, X (pixels, inChannels) and G (pixels, outChannels), it is GᵀX.
///
/// By oneDNN's plain sgemm (or its bf16 sibling), which copies strips of both into order first: its matrix code
/// for convolutions reads channels with gaps of a whole pixel, and waits for memory. It takes that room from
/// the system in every call.
struct WeightProduct: Sendable {
    let primitive: Primitive
    /// Whether it is XᵀG instead, the transpose: the larger side first is faster.
    let isTransposed: Bool

    /// Nil if oneDNN has no such code at this instruction level.
    init?(_ geometry: ConvolutionGeometry, _ elements: ElementType) throws(EngineError) {
        let g = geometry
        let operation = "build the weight gradient of the convolution \(geometry)"
        isTransposed = g.outChannels > g.inChannels
        let (rows, columns) = isTransposed ? (g.inChannels, g.outChannels) : (g.outChannels, g.inChannels)
        let pixels = g.images * g.outHeight * g.outWidth
        var left = try OneDNN.description([rows, pixels], dnnl_ba, type: elements.dnnl)
        var right = try OneDNN.description([pixels, columns], dnnl_ab, type: elements.dnnl)
        var result = try OneDNN.description([rows, columns], dnnl_ab)
        var descriptor = dnnl_matmul_desc_t()
        try OneDNN.check(dnnl_matmul_desc_init(&descriptor, &left, &right, nil, &result), operation)
        let found = try Primitive.first(operation, &descriptor) { $0.hasPrefix("gemm:jit") }
        guard let found else { return nil }
        primitive = found
    }

    /// In the order (input, output's gradient, weight's gradient).
    var tensors: [(argument: Int32, layout: dnnl_memory_desc_t)] {
        let left = (DNNL_ARG_SRC, primitive.tensor(dnnl_query_src_md))
        let right = (DNNL_ARG_WEIGHTS, primitive.tensor(dnnl_query_weights_md))
        let result = (DNNL_ARG_DST, primitive.tensor(dnnl_query_dst_md))
        return isTransposed ? [left, right, result] : [right, left, result]
    }
}
