import Foundation
import Glibc
import Transport

/// Where a worker's data hub listens so that its peers can reach it: beside an ipc coordinator's socket; for
/// tcp on the address that this machine uses towards the coordinator, any free port.
struct DataAddress {
    let endpoint: String
    /// The folder of an ipc coordinator's socket, which the coordinator removes with all in it when it ends.
    let socketFolder: String?

    init(joining coordinator: String) throws(TransportError) {
        if coordinator.hasPrefix("ipc://") {
            let path = coordinator.dropFirst("ipc://".count)
            let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
            socketFolder = folder
            endpoint = "ipc://\(folder)/worker-\(getpid())"
        } else {
            socketFolder = nil
            endpoint = "tcp://\(try Self.ownAddress(towards: coordinator)):*"
        }
    }

    /// The local address of a datagram socket connected to the coordinator: nothing is sent.
    private static func ownAddress(towards endpoint: String) throws(TransportError) -> String {
        let text = endpoint.dropFirst("tcp://".count)
        guard endpoint.hasPrefix("tcp://"), let colon = text.lastIndex(of: ":") else {
            throw .badEndpoint(endpoint, reason: "the scheme or the port is missing")
        }
        let host = text[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(text[text.index(after: colon)...]), &hints, &found)
        guard status == 0, let target = found else {
            throw .badEndpoint(endpoint, reason: String(cString: gai_strerror(status)))
        }
        defer { freeaddrinfo(found) }
        let descriptor = socket(target.pointee.ai_family, target.pointee.ai_socktype, 0)
        guard descriptor >= 0,
            Glibc.connect(descriptor, target.pointee.ai_addr, target.pointee.ai_addrlen) == 0
        else {
            throw .system(
                operation: "reaching \(endpoint)", code: errno, detail: String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        return try localName(of: descriptor)
    }

    private static func localName(of descriptor: Int32) throws(TransportError) -> String {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let status = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                getsockname(descriptor, address, &length) != 0
                    ? EAI_SYSTEM
                    : getnameinfo(address, length, &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST)
            }
        }
        guard status == 0 else {
            throw .system(
                operation: "getsockname", code: status, detail: String(cString: gai_strerror(status)))
        }
        let address = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return address.contains(":") ? "[\(address)]" : address
    }
}
