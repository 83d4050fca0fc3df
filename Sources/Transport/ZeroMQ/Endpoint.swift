import CZeroMQ
import Glibc

/// Checks on endpoints that libzmq leaves out or answers badly.
enum Endpoint {
    /// Longest path of a Unix socket, by the size of `sun_path`.
    private static let pathBytesMax = 107

    static func validate(_ endpoint: String) throws(TransportError) {
        guard !endpoint.utf8.contains(0) else {
            throw .badEndpoint(endpoint, reason: "it contains a zero byte")
        }
        if let path = path(endpoint) {
            guard !path.isEmpty, path.utf8.count <= pathBytesMax else {
                throw .badEndpoint(
                    endpoint,
                    reason: "the path has \(path.utf8.count) bytes; 1 to \(pathBytesMax) are allowed")
            }
        } else if !endpoint.hasPrefix("tcp://") {
            throw .badEndpoint(endpoint, reason: "the scheme is neither tcp nor ipc")
        }
    }

    /// The path of an `ipc://` endpoint.
    static func path(_ endpoint: String) -> String? {
        endpoint.hasPrefix("ipc://") ? String(endpoint.dropFirst(6)) : nil
    }

    /// libzmq would delete another process's socket file and take its place; refuse instead. A file that nobody
    /// listens on is left from a killed process, and may go.
    static func refuseIfTaken(_ endpoint: String) throws(TransportError) {
        guard let path = path(endpoint), path != "*" else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(pathBytesMax)) }
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        if code == 0 { throw .addressInUse(endpoint) }
    }

    /// What to tell about a refused `zmq_bind` or `zmq_connect`.
    static func explain(_ error: TransportError, _ endpoint: String) -> TransportError {
        guard case .system(_, let code, let detail) = error else { return error }
        switch code {
        case EADDRINUSE: return .addressInUse(endpoint)
        case EINVAL, ENODEV, EPROTONOSUPPORT, EADDRNOTAVAIL, ENAMETOOLONG, ENOENT, EACCES:
            return .badEndpoint(endpoint, reason: detail)
        default: return error
        }
    }
}
