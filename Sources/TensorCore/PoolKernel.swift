internal import COneDNN

/// The compiled passes of one pooling layer, shared by threads through ``PoolContext``s.
public final class PoolKernel: Sendable {
    public let geometry: PoolGeometry
    /// Of input, output and their gradients.
    public let elements: ElementType
    /// Bytes that the forward pass leaves for the backward pass (which element was the largest); 0 for
    /// averages.
    public let workspaceByteCount: Int
    let forward: Primitive
    let backward: Primitive

    public init(_ geometry: PoolGeometry, elements: ElementType = .fp32) throws(EngineError) {
        let operation = "build the pooling \(geometry)"
        guard geometry.isValid else {
            throw EngineError(operation: operation, detail: "the window does not fit")
        }
        try Engine.check(elements)
        let g = geometry
        var input = try OneDNN.description(
            [g.images, g.channels, g.inHeight, g.inWidth], dnnl_nhwc, type: elements.dnnl)
        var output = try OneDNN.description(
            [g.images, g.channels, g.outHeight, g.outWidth], dnnl_nhwc, type: elements.dnnl)
        let algorithm = g.kind == .maximum ? dnnl_pooling_max : dnnl_pooling_avg_include_padding
        let kernel = [Int64(g.kernel), Int64(g.kernel)]
        let strides = [Int64(g.stride), Int64(g.stride)]
        let padding = [Int64(g.padding), Int64(g.padding)]
        var descriptor = dnnl_pooling_desc_t()
        try OneDNN.check(
            dnnl_pooling_forward_desc_init(
                &descriptor, dnnl_forward_training, algorithm, &input, &output, strides, kernel, padding,
                padding),
            operation)
        forward = try Primitive(operation, &descriptor)
        try OneDNN.check(
            dnnl_pooling_backward_desc_init(
                &descriptor, algorithm, &input, &output, strides, kernel, padding, padding), operation)
        backward = try Primitive(operation, &descriptor, hint: forward)
        self.geometry = geometry
        self.elements = elements
        workspaceByteCount =
            g.kind == .maximum ? OneDNN.byteCount(forward.tensor(dnnl_query_workspace_md)) : 0
    }

    /// oneDNN's names of the code for the passes.
    public var implementations: (forward: String, backward: String) {
        (forward.implementation, backward.implementation)
    }

    /// For one thread; contexts with the same scratch are used by one thread at a time.
    public func makeContext(_ scratch: Scratch) throws(EngineError) -> PoolContext {
        try PoolContext(self, scratch)
    }
}
