import Glibc
import Testing

@testable import Transport

/// Connections that do not speak our language.
@Suite(.timeLimit(.minutes(10)))
struct NoiseTests {
    /// The greeting of ZMTP 3.0, mechanism NULL, as client.
    private static let greeting: [UInt8] =
        [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0] + Array("NULL".utf8) + [UInt8](repeating: 0, count: 48)

    /// READY of a DEALER with the routing id "x".
    private static let ready: [UInt8] = {
        let body: [UInt8] =
            [5] + Array("READY".utf8) + [11] + Array("Socket-Type".utf8) + [0, 0, 0, 6] + Array("DEALER".utf8)
            + [8] + Array("Identity".utf8) + [0, 0, 0, 1] + Array("x".utf8)
        return [4, UInt8(body.count)] + body
    }()

    /// What is sent at once, and what after the hub's own READY has come.
    static let noises: [(name: String, opening: [UInt8], rest: [UInt8])] = [
        ("nothing", [], []),
        ("HTTP", Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8), []),
        ("zeros", [UInt8](repeating: 0, count: 300), []),
        ("a cut greeting", Array(greeting.prefix(20)), []),
        ("a command of a false length", greeting + [6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], []),
        ("a frame of 2^62 bytes", greeting + ready, [2, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3]),
        ("a message under an identity of its own", greeting + ready, [0, 2, 1, 2]),
    ]

    private let peekAtOnce = Int32(MSG_PEEK | MSG_DONTWAIT)

    @Test(arguments: noises.indices)
    func aHubIsNotDisturbed(_ index: Int) throws {
        let pair = try Pair(.tcp)
        let port = try #require(UInt16(pair.endpoint.split(separator: ":").last ?? ""))
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        #expect(code == 0)
        let (_, opening, rest) = Self.noises[index]
        #expect(send(descriptor, opening, opening.count, Int32(MSG_NOSIGNAL)) == opening.count)
        if !rest.isEmpty {
            var reply = [UInt8](repeating: 0, count: 4096)
            // The greeting's 64 bytes, then the command READY.
            try pair.stage.wait(pair.server) { recv(descriptor, &reply, 4096, peekAtOnce) > 70 }
            #expect(send(descriptor, rest, rest.count, Int32(MSG_NOSIGNAL)) == rest.count)
        }
        if index == Self.noises.count - 1 {
            let stranger = Remote.peer(pair.hub, identity: Array("x".utf8))
            let reason = "the sender does not give an identity as links do"
            try pair.stage.wait(pair.server) {
                pair.server.events.last == .refused(from: stranger, reason: reason)
            }
        }
        try pair.client.board.send(frames("unharmed"), to: .link(pair.link))
        try pair.stage.wait(pair.server, pair.client) { pair.server.messages().last == frames("unharmed") }
        #expect(!pair.server.events.contains(.disconnected(pair.peer)))
    }
}
