internal import COneDNN

/// Makes oneDNN's primitives for the passes of one convolution.
struct ConvolutionDescriptors {
    let geometry: ConvolutionGeometry
    let hasBias: Bool
    /// The weight in the layout of a state, fp32.
    let plainWeight: dnnl_memory_desc_t
    /// The sizes of the weight: (groups,) output and input channels of a group, the kernel twice.
    let weightSizes: [Int]
    private let input: dnnl_memory_desc_t
    private let output: dnnl_memory_desc_t
    private let weight: dnnl_memory_desc_t
    private let weightGradient: dnnl_memory_desc_t
    private let bias: dnnl_memory_desc_t
    private let strides: [Int64]
    private let padding: [Int64]

    init(_ geometry: ConvolutionGeometry, _ elements: ElementType, hasBias: Bool) throws(EngineError) {
        let g = geometry
        let type = elements.dnnl
        self.geometry = geometry
        self.hasBias = hasBias
        input = try OneDNN.description(
            [g.images, g.inChannels, g.inHeight, g.inWidth], dnnl_nhwc, type: type)
        output = try OneDNN.description(
            [g.images, g.outChannels, g.outHeight, g.outWidth], dnnl_nhwc, type: type)
        let shape = [g.outChannels / g.groups, g.inChannels / g.groups, g.kernel, g.kernel]
        weightSizes = g.groups > 1 ? [g.groups] + shape : shape
        weight = try OneDNN.description(weightSizes, dnnl_format_tag_any, type: type)
        weightGradient = try OneDNN.description(weightSizes, dnnl_format_tag_any)
        plainWeight = try OneDNN.description(weightSizes, g.groups > 1 ? dnnl_goihw : dnnl_oihw)
        bias = try OneDNN.description([g.outChannels], dnnl_x)
        strides = [Int64(g.stride), Int64(g.stride)]
        padding = [Int64(g.padding), Int64(g.padding)]
    }

    // Direct: oneDNN has Winograd for blocked layouts alone.
    private let algorithm = dnnl_convolution_direct

    /// oneDNN's first choice, or the first that is called "jit".
    func makeForward(older: Bool = false) throws(EngineError) -> Primitive {
        let operation = "build the convolution \(geometry)"
        var descriptor = dnnl_convolution_desc_t()
        let status = withBias { bias in
            withPointers(input, weight, output) { input, weight, output in
                dnnl_convolution_forward_desc_init(
                    &descriptor, dnnl_forward_training, algorithm, input, weight, bias, output, strides,
                    padding, padding)
            }
        }
        try OneDNN.check(status, operation)
        if older,
            let found = try Primitive.first(operation, &descriptor, where: Self.isOlder)
        {
            return found
        }
        return try Primitive(operation, &descriptor)
    }

    /// oneDNN 2.6 has 1×1 code for the matrix unit that writes beyond the scratch memory it asks for.
    private static func isOlder(_ implementation: String) -> Bool {
        implementation.hasPrefix("jit") && !implementation.hasPrefix("jit_1x1:avx512_core_amx")
    }

    func makeWeightGradient(hint: Primitive) throws(EngineError) -> Primitive {
        let operation = "build the weight gradient of the convolution \(geometry)"
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

    func makeInputGradient(hint: Primitive) throws(EngineError) -> Primitive {
        let operation = "build the input gradient of the convolution \(geometry)"
        var descriptor = dnnl_convolution_desc_t()
        let status = withPointers(input, weight, output) { input, weight, output in
            dnnl_convolution_backward_data_desc_init(
                &descriptor, algorithm, input, weight, output, strides, padding, padding)
        }
        try OneDNN.check(status, operation)
        return try Primitive(operation, &descriptor, hint: hint)
    }

    private func withBias(_ body: (UnsafePointer<dnnl_memory_desc_t>?) -> dnnl_status_t) -> dnnl_status_t {
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
