internal import COneDNN

/// The choke point of oneDNN calls: status codes become errors here, and handles get one owner each.
enum OneDNN {
    /// The CPU. Lives as long as the process.
    nonisolated(unsafe) static let engine: dnnl_engine_t = {
        var engine: dnnl_engine_t?
        let status = dnnl_engine_create(&engine, dnnl_cpu, 0)
        guard status == dnnl_success, let engine else {
            fatalError("oneDNN has no CPU engine: \(text(status))")
        }
        return engine
    }()

    static func check(_ status: dnnl_status_t, _ operation: @autoclosure () -> String) throws(EngineError) {
        guard status == dnnl_success else { throw EngineError(operation: operation(), detail: text(status)) }
    }

    private static func text(_ status: dnnl_status_t) -> String {
        "oneDNN says " + String(cString: dnnl_status2str(status))
    }

    /// A dense tensor of the dimensions, in the order of `format`'s letters; `dnnl_format_tag_any`: the
    /// library's choice.
    static func description(
        _ dimensions: [Int], _ format: dnnl_format_tag_t, type: dnnl_data_type_t = dnnl_f32
    ) throws(EngineError) -> dnnl_memory_desc_t {
        var result = dnnl_memory_desc_t()
        let sizes = dimensions.map(Int64.init)
        let status = dnnl_memory_desc_init_by_tag(&result, Int32(sizes.count), sizes, type, format)
        try check(status, "describe a tensor of \(dimensions)")
        return result
    }

    /// Bytes that a tensor takes in its layout, padding included.
    static func byteCount(_ description: dnnl_memory_desc_t) -> Int {
        withUnsafePointer(to: description) { dnnl_memory_desc_get_size($0) }
    }

    static func areEqual(_ a: dnnl_memory_desc_t, _ b: dnnl_memory_desc_t) -> Bool {
        withUnsafePointer(to: a) { first in
            withUnsafePointer(to: b) { second in dnnl_memory_desc_equal(first, second) != 0 }
        }
    }
}
