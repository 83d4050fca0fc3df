internal import COneDNN

/// A primitive with its tensors bound, ready to run again and again on one thread without allocation.
final class Invocation {
    private let primitive: Primitive
    private let scratch: Scratch
    private let arguments: UnsafeMutablePointer<dnnl_exec_arg_t>
    private let handles: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    /// Tensors; the scratch memory, if any, is one more argument at the end.
    private let count: Int
    private let argumentCount: Int

    /// `tensors`: oneDNN's argument numbers and layouts, in the order in which `run` gets the pointers.
    init(
        _ primitive: Primitive, _ scratch: Scratch, _ tensors: [(argument: Int32, layout: dnnl_memory_desc_t)]
    ) throws(EngineError) {
        var all = tensors
        if primitive.scratchByteCount > 0 {
            try scratch.reserve(primitive.scratchByteCount)
            all.append((DNNL_ARG_SCRATCHPAD, primitive.tensor(dnnl_query_scratchpad_md)))
        }
        self.primitive = primitive
        self.scratch = scratch
        count = tensors.count
        argumentCount = all.count
        arguments = .allocate(capacity: all.count)
        arguments.initialize(repeating: dnnl_exec_arg_t(), count: all.count)
        handles = .allocate(capacity: all.count)
        handles.initialize(repeating: nil, count: all.count)
        for (index, tensor) in all.enumerated() {
            var layout = tensor.layout
            var memory: dnnl_memory_t?
            // A null handle: bound at the first run.
            let status = dnnl_memory_create(&memory, &layout, OneDNN.engine, nil)
            try OneDNN.check(status, "make a tensor for oneDNN")
            arguments[index] = dnnl_exec_arg_t(arg: tensor.argument, memory: memory)
        }
    }

    deinit {
        for index in 0..<argumentCount { dnnl_memory_destroy(arguments[index].memory) }
        arguments.deallocate()
        handles.deallocate()
    }

    func run(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer) {
        bind(0, a)
        bind(1, b)
        execute(bound: 2)
    }

    func run(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ c: UnsafeRawPointer) {
        bind(0, a)
        bind(1, b)
        bind(2, c)
        execute(bound: 3)
    }

    func run(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ c: UnsafeRawPointer, _ d: UnsafeRawPointer) {
        bind(0, a)
        bind(1, b)
        bind(2, c)
        bind(3, d)
        execute(bound: 4)
    }

    private func bind(_ index: Int, _ pointer: UnsafeRawPointer) {
        // Setting a handle makes the library write zeros into the layout's padding: not again in every run.
        let mutable = UnsafeMutableRawPointer(mutating: pointer)
        guard handles[index] != mutable else { return }
        let status = dnnl_memory_set_data_handle_v2(arguments[index].memory, mutable, scratch.stream)
        precondition(status == dnnl_success, "oneDNN refused tensor \(index): status \(status.rawValue)")
        handles[index] = mutable
    }

    private func execute(bound: Int) {
        precondition(bound == count, "\(bound) tensors given, \(count) wanted")
        if argumentCount > count { bind(count, scratch.memory.pointer) }
        let status = dnnl_primitive_execute(
            primitive.handle, scratch.stream, Int32(argumentCount), arguments)
        precondition(status == dnnl_success, "oneDNN failed: status \(status.rawValue)")
    }
}
