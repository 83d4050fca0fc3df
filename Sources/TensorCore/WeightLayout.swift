internal import CKernels
internal import COneDNN

/// One of oneDNN's own layouts of a weight, and the ways between it and the plain one.
struct WeightLayout: Sendable {
    let plain: dnnl_memory_desc_t
    let native: dnnl_memory_desc_t
    /// Of the native layout; the plain one is fp32.
    let elements: ElementType
    /// Elements of the native layout, padding included.
    let count: Int

    init(plain: dnnl_memory_desc_t, native: dnnl_memory_desc_t, _ elements: ElementType) {
        self.plain = plain
        self.native = native
        self.elements = elements
        count = OneDNN.byteCount(native) / elements.byteCount
    }

    /// Plain to native, rounded if that is bf16; nil if they are one.
    func packing() throws(EngineError) -> Primitive? {
        if OneDNN.areEqual(plain, native) { return nil }
        return try Primitive.reorder("pack a weight", from: plain, to: native)
    }

    /// `result[i]` is where the plain layout's element `i` of `weightCount` lies in the native one; nil if
    /// the layouts are one.
    ///
    /// For native layouts of fp32. Found by packing the numbers 1, 2, …; their halves apart, for fp32 holds
    /// integers exactly only up to 2^24.
    func positions(weightCount: Int) throws(EngineError) -> [Int32]? {
        guard let packing = try packing() else { return nil }
        guard count <= Int(Int32.max) else {
            throw EngineError(operation: "index a weight", detail: "\(count) elements are more than 2^31")
        }
        let scratch = try Scratch()
        let invocation = try Invocation(packing, scratch, [(DNNL_ARG_FROM, plain), (DNNL_ARG_TO, native)])
        let numbers = try AlignedBuffer<Float>(attempting: weightCount)
        let low = try AlignedBuffer<Float>(attempting: count)
        let high = try AlignedBuffer<Float>(attempting: count)
        espalier_index_numbers(numbers.pointer, weightCount, 0)
        invocation.run(numbers.pointer, low.pointer)
        espalier_index_numbers(numbers.pointer, weightCount, 16)
        invocation.run(numbers.pointer, high.pointer)
        var result = [Int32](repeating: -1, count: weightCount)
        let found = espalier_index_invert(low.pointer, high.pointer, count, &result, weightCount)
        precondition(found == weightCount, "a packed weight holds \(found) of \(weightCount) elements")
        return result
    }
}
