internal import COneDNN

/// What one thread needs to run primitives: a stream, and memory that grows to the most any of them asks for.
///
/// Contexts made with it share the memory, so they are used by one thread at a time. Grows only when a
/// context is made.
public final class Scratch {
    let stream: dnnl_stream_t
    private(set) var memory: AlignedBuffer<UInt8>

    public init() throws(EngineError) {
        var stream: dnnl_stream_t?
        try OneDNN.check(
            dnnl_stream_create(&stream, OneDNN.engine, UInt32(dnnl_stream_default_flags.rawValue)),
            "start a stream of oneDNN")
        guard let stream else {
            throw EngineError(operation: "start a stream of oneDNN", detail: "none was made")
        }
        self.stream = stream
        memory = AlignedBuffer(count: 0)
    }

    deinit {
        dnnl_stream_destroy(stream)
    }

    /// Bytes held.
    public var byteCount: Int { memory.count }

    func reserve(_ byteCount: Int) throws(EngineError) {
        guard byteCount > memory.count else { return }
        memory = try AlignedBuffer(attempting: byteCount)
    }
}
