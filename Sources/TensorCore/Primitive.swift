internal import COneDNN

/// A oneDNN primitive: compiled code for one operation on one geometry, without data. Any number of threads
/// may execute it at once, each with its own tensors. Scratch memory comes from the caller.
///
/// Unchecked: the handles never change after `init`, and oneDNN's primitives have no state.
final class Primitive: @unchecked Sendable {
    let handle: dnnl_primitive_t
    /// Kept because it is the hint of the backward primitives.
    let details: dnnl_primitive_desc_t
    let scratchByteCount: Int

    /// `operation` says what for, in errors; `descriptor` points to an operation descriptor.
    convenience init(
        _ operation: String, _ descriptor: UnsafeRawPointer, hint: Primitive? = nil
    ) throws(EngineError) {
        var details: dnnl_primitive_desc_t?
        try Self.withAttributes(operation) { attributes in
            dnnl_primitive_desc_create(&details, descriptor, attributes, OneDNN.engine, hint?.details)
        }
        try self.init(operation, details)
    }

    /// The first of oneDNN's implementations, best first, whose name is wanted; nil if there is none.
    static func first(
        _ operation: String, _ descriptor: UnsafeRawPointer, hint: Primitive? = nil,
        where isWanted: (_ name: String) -> Bool
    ) throws(EngineError) -> Primitive? {
        var iterator: dnnl_primitive_desc_iterator_t?
        try withAttributes(operation) { attributes in
            dnnl_primitive_desc_iterator_create(
                &iterator, descriptor, attributes, OneDNN.engine, hint?.details)
        }
        defer { dnnl_primitive_desc_iterator_destroy(iterator) }
        repeat {
            guard let details = dnnl_primitive_desc_iterator_fetch(iterator) else { return nil }
            if isWanted(name(of: details)) { return try Primitive(operation, details) }
            dnnl_primitive_desc_destroy(details)
        } while dnnl_primitive_desc_iterator_next(iterator) == dnnl_success
        return nil
    }

    /// The code that copies a tensor from one layout into another.
    static func reorder(
        _ operation: String, from: dnnl_memory_desc_t, to: dnnl_memory_desc_t
    ) throws(EngineError) -> Primitive {
        var source = from
        var target = to
        var details: dnnl_primitive_desc_t?
        try withAttributes(operation) { attributes in
            dnnl_reorder_primitive_desc_create(
                &details, &source, OneDNN.engine, &target, OneDNN.engine, attributes)
        }
        return try Primitive(operation, details)
    }

    /// Takes over the details.
    private init(_ operation: String, _ details: dnnl_primitive_desc_t?) throws(EngineError) {
        guard let details else { throw EngineError(operation: operation, detail: "oneDNN made nothing") }
        var handle: dnnl_primitive_t?
        let status = dnnl_primitive_create(&handle, details)
        guard status == dnnl_success, let handle else {
            dnnl_primitive_desc_destroy(details)
            try OneDNN.check(status, operation)
            throw EngineError(operation: operation, detail: "oneDNN made nothing")
        }
        self.details = details
        self.handle = handle
        scratchByteCount = OneDNN.byteCount(Self.tensor(dnnl_query_scratchpad_md, of: details))
    }

    private static func withAttributes(
        _ operation: String, _ body: (dnnl_primitive_attr_t?) -> dnnl_status_t
    ) throws(EngineError) {
        // The library divides work for the number of threads it sees at creation, which changes bits.
        Engine.isolateThread()
        var attributes: dnnl_primitive_attr_t?
        try OneDNN.check(dnnl_primitive_attr_create(&attributes), operation)
        defer { dnnl_primitive_attr_destroy(attributes) }
        try OneDNN.check(
            dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user), operation)
        try OneDNN.check(body(attributes), operation)
    }

    deinit {
        dnnl_primitive_destroy(handle)
        dnnl_primitive_desc_destroy(details)
    }

    /// The layout that the primitive wants for one of its tensors.
    func tensor(_ which: dnnl_query_t) -> dnnl_memory_desc_t {
        Self.tensor(which, of: details)
    }

    /// oneDNN's name of the code it chose, such as "brgconv:avx512_core".
    var implementation: String { Self.name(of: details) }

    private static func name(of details: dnnl_primitive_desc_t) -> String {
        var name: UnsafePointer<CChar>?
        let status = withUnsafeMutablePointer(to: &name) {
            dnnl_primitive_desc_query(details, dnnl_query_impl_info_str, 0, $0)
        }
        guard status == dnnl_success, let name else { return "unknown" }
        return String(cString: name)
    }

    private static func tensor(_ which: dnnl_query_t, of details: dnnl_primitive_desc_t) -> dnnl_memory_desc_t
    {
        dnnl_primitive_desc_query_md(details, which, 0)?.pointee ?? dnnl_memory_desc_t()
    }
}
