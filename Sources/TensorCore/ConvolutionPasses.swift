internal import COneDNN

/// The three primitives of a convolution, made together: the backward ones take the forward one as a hint.
struct ConvolutionPasses {
    let plainWeight: dnnl_memory_desc_t
    let forward: Primitive
    let backwardData: Primitive?
    let backwardWeights: Primitive

    init(
        _ geometry: ConvolutionGeometry, _ elements: ElementType, hasBias: Bool, needsInputGradient: Bool
    ) throws(EngineError) {
        guard geometry.isValid else {
            throw EngineError(operation: "build a convolution", detail: "\(geometry) is none")
        }
        try Engine.check(elements)
        let tensors = try Tensors(geometry, elements, hasBias: hasBias)
        plainWeight = tensors.plainWeight
        forward = try tensors.makeForward("build the convolution \(geometry)")
        backwardWeights = try tensors.makeBackwardWeights(
            "build the weight gradient of the convolution \(geometry)", hint: forward)
        backwardData =
            needsInputGradient
            ? try tensors.makeBackwardData(
                "build the input gradient of the convolution \(geometry)", hint: forward) : nil
    }

    /// What the descriptors of all three passes are made of.
    private struct Tensors {
        var input: dnnl_memory_desc_t
        var output: dnnl_memory_desc_t
        var weight: dnnl_memory_desc_t
        var weightGradient: dnnl_memory_desc_t
        var plainWeight: dnnl_memory_desc_t
        var bias: dnnl_memory_desc_t
        var hasBias: Bool
        var strides: [Int64]
        var padding: [Int64]

        init(_ geometry: ConvolutionGeometry, _ elements: ElementType, hasBias: Bool) throws(EngineError) {
            let g = geometry
            let type = elements.dnnl
            input = try OneDNN.description(
                [g.images, g.inChannels, g.inHeight, g.inWidth], dnnl_nhwc, type: type)
            output = try OneDNN.description(
                [g.images, g.outChannels, g.outHeight, g.outWidth], dnnl_nhwc, type: type)
            let shape = [g.outChannels / g.groups, g.inChannels / g.groups, g.kernel, g.kernel]
            let grouped = g.groups > 1 ? [g.groups] + shape : shape
            weight = try OneDNN.description(grouped, dnnl_format_tag_any, type: type)
            weightGradient = try OneDNN.description(grouped, dnnl_format_tag_any)
            plainWeight = try OneDNN.description(grouped, g.groups > 1 ? dnnl_goihw : dnnl_oihw)
            bias = try OneDNN.description([g.outChannels], dnnl_x)
            self.hasBias = hasBias
            strides = [Int64(g.stride), Int64(g.stride)]
            padding = [Int64(g.padding), Int64(g.padding)]
        }

        // Direct: Winograd rounds differently from one instruction level and shape to another, and pays
        // little here.
        private let algorithm = dnnl_convolution_direct

        func makeForward(_ operation: String) throws(EngineError) -> Primitive {
            var descriptor = dnnl_convolution_desc_t()
            let status = withBias { bias in
                withPointers(input, weight, output) { input, weight, output in
                    dnnl_convolution_forward_desc_init(
                        &descriptor, dnnl_forward_training, algorithm, input, weight, bias, output, strides,
                        padding,
                        padding)
                }
            }
            try OneDNN.check(status, operation)
            return try Primitive(operation, &descriptor)
        }

        func makeBackwardWeights(_ operation: String, hint: Primitive) throws(EngineError) -> Primitive {
            var descriptor = dnnl_convolution_desc_t()
            let status = withBias { bias in
                withPointers(input, weightGradient, output) { input, weight, output in
                    dnnl_convolution_backward_weights_desc_init(
                        &descriptor, algorithm, input, weight, bias, output, strides, padding, padding)
                }
            }
            try OneDNN.check(status, operation)
            return try Primitive(operation, &descriptor, hint: hint)
        }

        func makeBackwardData(_ operation: String, hint: Primitive) throws(EngineError) -> Primitive {
            var descriptor = dnnl_convolution_desc_t()
            let status = withPointers(input, weight, output) { input, weight, output in
                dnnl_convolution_backward_data_desc_init(
                    &descriptor, algorithm, input, weight, output, strides, padding, padding)
            }
            try OneDNN.check(status, operation)
            return try Primitive(operation, &descriptor, hint: hint)
        }

        private func withBias(_ body: (UnsafePointer<dnnl_memory_desc_t>?) -> dnnl_status_t) -> dnnl_status_t
        {
            hasBias ? withUnsafePointer(to: bias) { body($0) } : body(nil)
        }

        private typealias Description = UnsafePointer<dnnl_memory_desc_t>

        private func withPointers(
            _ a: dnnl_memory_desc_t, _ b: dnnl_memory_desc_t, _ c: dnnl_memory_desc_t,
            _ body: (Description, Description, Description) -> dnnl_status_t
        ) -> dnnl_status_t {
            withUnsafePointer(to: a) { a in
                withUnsafePointer(to: b) { b in withUnsafePointer(to: c) { c in body(a, b, c) } }
            }
        }
    }
}
