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
        } else {
            try validateTCP(endpoint)
        }
    }

    /// libzmq takes port 99999 for 34463, and no port at all for a mistake of ours.
    private static func validateTCP(_ endpoint: String) throws(TransportError) {
        guard endpoint.hasPrefix("tcp://") else {
            throw .badEndpoint(endpoint, reason: "the scheme is neither tcp nor ipc")
        }
        guard let colon = endpoint.lastIndex(of: ":"),
            colon > endpoint.index(endpoint.startIndex, offsetBy: 6)
        else {
            throw .badEndpoint(endpoint, reason: "it lacks the host or the port")
        }
        let port = endpoint[endpoint.index(after: colon)...]
        guard port == "*" || UInt16(port) != nil else {
            throw .badEndpoint(endpoint, reason: "the port is not a number from 0 to 65535")
        }
    }

    /// The path of an `ipc://` endpoint.
    static func path(_ endpoint: String) -> String? {
        endpoint.hasPrefix("ipc://") ? String(endpoint.dropFirst(6)) : nil
    }

    /// libzmq would delete whatever file is there and take its place, even from a process that listens. Only
    /// the socket of a killed process may go.
    static func refuseIfTaken(_ endpoint: String) throws(TransportError) {
        guard let path = path(endpoint), path != "*" else { return }
        var status = stat()
        if lstat(path, &status) != 0 { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw .badEndpoint(endpoint, reason: "there is a file that is not a socket")
        }
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
