import CZeroMQ
import Glibc

/// Owns one `zmq_msg_t`, whose bytes nobody changes after it was made.
///
/// Unchecked, since the compiler cannot see that: libzmq counts references to the bytes atomically, and the
/// header itself is written only by the initializers and by `deinit`.
final class FrameStorage: @unchecked Sendable {
    private let message: UnsafeMutablePointer<zmq_msg_t>
    private let memory: UnsafeRawBufferPointer

    var count: Int { memory.count }

    /// The bytes are valid within `body` alone: without the closure, the optimizer may free them after the
    /// last use of this object and before the last of them.
    func withBytes<Result, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> Result) throws(E) -> Result
    {
        defer { withExtendedLifetime(self) {} }
        return try body(memory)
    }

    /// Takes over an initialised message.
    private init(adopting message: UnsafeMutablePointer<zmq_msg_t>) {
        self.message = message
        memory = UnsafeRawBufferPointer(start: zmq_msg_data(message), count: zmq_msg_size(message))
    }

    /// Takes over memory from `malloc`, which is freed when the last reader is done.
    static func adopt(_ memory: UnsafeMutableRawPointer, count: Int) -> FrameStorage {
        let message = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 1)
        let code = zmq_msg_init_data(message, memory, count, { data, _ in free(data) }, nil)
        guard code == 0 else { fatalError("out of memory: no message header") }
        return FrameStorage(adopting: message)
    }

    /// Receives one frame of a message.
    ///
    /// - Returns: nil when none is there.
    static func receive(_ handle: UnsafeMutableRawPointer) throws(TransportError) -> FrameStorage? {
        let message = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 1)
        zmq_msg_init(message)
        do {
            if try attempt("zmq_msg_recv", { zmq_msg_recv(message, handle, ZMQ_DONTWAIT) }) == nil {
                zmq_msg_close(message)
                message.deallocate()
                return nil
            }
        } catch {
            zmq_msg_close(message)
            message.deallocate()
            throw error
        }
        return FrameStorage(adopting: message)
    }

    /// Sends the frame; the bytes are shared, not copied.
    ///
    /// - Returns: false when the socket takes nothing now.
    func send(_ handle: UnsafeMutableRawPointer, more: Bool) throws(TransportError) -> Bool {
        var shared = zmq_msg_t()
        zmq_msg_init(&shared)
        zmq_msg_copy(&shared, message)
        // After a send that worked the message is empty, and closing it does nothing.
        defer { zmq_msg_close(&shared) }
        let flags = ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)
        return try attempt("zmq_msg_send", { zmq_msg_send(&shared, handle, flags) }) != nil
    }

    /// Whether further frames of the same message follow.
    var hasMore: Bool { zmq_msg_more(message) != 0 }

    /// The descriptor of the connection that brought this frame, to match with a monitor's events.
    var sourceDescriptor: Int32? {
        let descriptor = zmq_msg_get(message, ZMQ_SRCFD)
        return descriptor < 0 ? nil : descriptor
    }

    deinit {
        zmq_msg_close(message)
        message.deallocate()
    }
}
