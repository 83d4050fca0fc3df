import Glibc

/// A pipe to itself: raised from any thread, waited for in `poll`.
final class WakePipe: Sendable {
    /// Readable when raised.
    let descriptor: Int32
    private let writer: Int32

    init() throws(TransportError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            let code = errno
            throw .system(operation: "pipe", code: code, detail: String(cString: strerror(code)))
        }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        (descriptor, writer) = (ends[0], ends[1])
    }

    deinit {
        close(descriptor)
        close(writer)
    }

    func raise() {
        // A full pipe is readable already.
        var byte: UInt8 = 1
        _ = write(writer, &byte, 1)
    }

    /// - Returns: whether it was raised since the last call.
    func take() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 64)
        var raised = false
        while read(descriptor, &bytes, bytes.count) > 0 { raised = true }
        return raised
    }
}
