import Foundation
import Glibc
import Testing

/// A coordinator and workers as separate programs over TCP.
struct Cluster {
    let training: Training
    let coordinator: ProgramRun
    let endpoint: String

    init(_ recipe: TestRecipe, workers: Int, _ others: String...) throws {
        training = try Training(recipe)
        endpoint = "tcp://127.0.0.1:\(try Self.freePort())"
        coordinator = try ProgramRun(
            [
                "coordinator", training.recipePath, "--listen", endpoint, "--workers", "\(workers)", "--run",
                training.run.path,
            ] + others, in: training.folder)
    }

    func join(threads: Int = 1, _ others: String...) throws -> ProgramRun {
        try ProgramRun(["worker", "--join", endpoint, "--threads", "\(threads)"] + others)
    }

    /// Another coordinator in the place of one that is gone.
    func resume(workers: Int) throws -> ProgramRun {
        try ProgramRun(
            [
                "coordinator", training.recipePath, "--listen", endpoint, "--workers", "\(workers)", "--run",
                training.run.path, "--resume",
            ], in: training.folder)
    }

    /// A port that nobody listened on a moment ago.
    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
            }
        }
        try #require(code == 0)
        return UInt16(bigEndian: address.sin_port)
    }

    /// Sends raw bytes to a TCP port of this machine, as a port scanner might.
    static func knock(_ port: UInt16, _ bytes: [UInt8]) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = port.bigEndian
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if code == 0 { _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }
    }
}
