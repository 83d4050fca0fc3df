import CZeroMQ

/// One libzmq context with one I/O thread. Sockets hold it, so it is closed after the last of them.
final class Context {
    let handle: UnsafeMutableRawPointer

    init() throws(TransportError) {
        handle = try checkHandle("zmq_ctx_new", zmq_ctx_new)
        // A link uses three sockets: its own and the two ends of its monitor.
        zmq_ctx_set(handle, ZMQ_MAX_SOCKETS, 16_384)
        zmq_ctx_set(handle, ZMQ_IO_THREADS, 1)
    }

    deinit {
        // Waits for the sockets' LINGER. An interrupted call may be made again.
        while zmq_ctx_term(handle) != 0 && zmq_errno() == EINTR {}
    }
}
