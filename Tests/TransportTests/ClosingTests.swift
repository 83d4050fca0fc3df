import Foundation
import Glibc
import Testing

@testable import Transport

/// Waking and closing.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct ClosingTests {
    @Test(arguments: Medium.allCases)
    func aWakerEndsAWait(_ medium: Medium) throws {
        let board = try Stage(medium).player("sleeper").board
        let waker = board.waker
        waker.wake()
        #expect(try board.poll(timeout: Stage.patience) == [.woken])
        #expect(try board.poll(timeout: .zero) == [])
        let thread = Thread {
            usleep(20_000)
            waker.wake()
        }
        thread.start()
        let start = ContinuousClock.now
        #expect(try board.poll(timeout: Stage.patience) == [.woken])
        #expect(start.duration(to: .now) < Stage.patience)
        board.close()
        waker.wake()
    }

    @Test(arguments: Medium.allCases)
    func aWaitEndsByItself(_ medium: Medium) throws {
        let board = try Stage(medium).player("sleeper").board
        let start = ContinuousClock.now
        #expect(try board.poll(timeout: .milliseconds(30)) == [])
        #expect(start.duration(to: .now) >= .milliseconds(30))
    }

    @Test(arguments: Medium.allCases)
    func closingSendsWhatIsQueuedIfAsked(_ medium: Medium) throws {
        let pair = try Pair(medium)
        for index in 0..<12 {
            try pair.client.board.send(
                [Frame(repeating: UInt8(index), count: 1 << 20)], to: .link(pair.link))
        }
        pair.client.board.close(flush: .seconds(20))
        try pair.stage.wait(pair.server) { pair.server.events.last == .disconnected(pair.peer) }
        #expect(pair.server.messages().count == 13)
    }

    @Test(arguments: Medium.allCases)
    func closingAtOnceWaitsForNobody(_ medium: Medium) throws {
        let stage = Stage(medium)
        let client = try stage.player("client")
        let link = try client.board.connect(
            medium == .ipc ? "ipc:///tmp/nobody" : "tcp://127.0.0.1:9", identity: [1])
        try client.board.send([Frame(repeating: 0, count: 1 << 20)], to: .link(link))
        client.board.close()
        #expect(throws: TransportError.closed) { try client.board.poll(timeout: .zero) }
        #expect(throws: TransportError.closed) { try client.board.send(frames("x"), to: .link(link)) }
        #expect(throws: TransportError.closed) {
            try client.board.connect("tcp://127.0.0.1:9", identity: [1])
        }
        #expect(throws: TransportError.closed) { try client.board.bind("tcp://127.0.0.1:*") }
        client.board.close()
    }

    @Test func socketFilesAreRemoved() throws {
        let stage = Stage(.ipc)
        let endpoint = stage.freeEndpoint
        let path = String(endpoint.dropFirst(6))
        let server = try stage.player("server")
        _ = try server.board.bind(endpoint)
        #expect(FileManager.default.fileExists(atPath: path))
        server.board.close()
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    /// The socket file of a process that was killed may be replaced, any other file may not.
    @Test func onlyLeftoverSocketsAreReplaced() throws {
        let stage = Stage(.ipc)
        let server = try stage.player("server")
        let (leftover, precious) = (stage.freeEndpoint, stage.freeEndpoint)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: leftover.utf8.dropFirst(6)) }
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(code == 0)
        close(descriptor)
        #expect(try server.board.bind(leftover).endpoint == leftover)

        let path = String(precious.dropFirst(6))
        #expect(FileManager.default.createFile(atPath: path, contents: Data("thesis".utf8)))
        #expect(throws: TransportError.badEndpoint(precious, reason: "there is a file that is not a socket"))
        {
            try server.board.bind(precious)
        }
        #expect(FileManager.default.contents(atPath: path) == Data("thesis".utf8))
        try FileManager.default.removeItem(atPath: path)
    }

    @Test(arguments: [Medium.tcp, .ipc])
    func nothingIsLeftOpen(_ medium: Medium) throws {
        func descriptors() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        }
        _ = try Pair(medium)
        let before = try descriptors()
        for _ in 0..<10 {
            let pair = try Pair(medium)
            let stray = try pair.client.board.connect(pair.endpoint, identity: [9])
            try pair.client.poll(.zero)
            pair.client.board.close(stray)
        }
        // Other tests run meanwhile; each of the ten pairs had more than ten descriptors.
        #expect(try descriptors() < before + 60)
    }

    @Test(arguments: Medium.allCases)
    func twoThreadsTalk(_ medium: Medium) throws {
        let stage = Stage(medium)
        let client = try stage.player("client")
        let endpoint = medium == .memory ? "tcp://127.0.0.1:7" : stage.freeEndpoint
        let rounds = 300
        let answered = DispatchSemaphore(value: 0)
        let (resolved, resolve) = (DispatchSemaphore(value: 0), Box(""))
        nonisolated(unsafe) let board = try stage.player("server").board
        let thread = Thread {
            do {
                let bound = try board.bind(endpoint)
                resolve.value = bound.endpoint
                resolved.signal()
                var count = 0
                while count < rounds {
                    for case .message(let sender, let frames) in try board.poll(timeout: Stage.patience) {
                        try board.send(frames, to: sender)
                        count += 1
                    }
                }
                board.close(flush: .seconds(20))
            } catch {
                Issue.record(error)
                resolved.signal()
            }
            answered.signal()
        }
        thread.start()
        resolved.wait()
        let link = try client.board.connect(resolve.value, identity: [1])
        for round in 0..<rounds {
            let message = [Frame([UInt8(truncatingIfNeeded: round)])]
            try client.board.send(message, to: .link(link))
            while client.messages().count <= round { try client.poll(Stage.patience) }
            #expect(client.messages().last == message)
        }
        answered.wait()
    }
}

/// A value handed between threads by a semaphore.
private final class Box: @unchecked Sendable {
    var value: String
    init(_ value: String) { self.value = value }
}
