import Testing

@testable import Transport

/// The bookkeeping of a hub's connections, and the names they go by.
struct PeerBookTests {
    private let first = RoutingID(identity: [1], serial: 10)
    private let second = RoutingID(identity: [1], serial: 11)
    private let other = RoutingID(identity: [2], serial: 5)

    @Test func aDescriptorUsedAgainBelongsToTheNewest() {
        var book = PeerBook()
        book.accepted(7)
        #expect(book.heard(first, on: 7) == .new)
        #expect(book.heard(first, on: 7) == .known)
        // The first connection broke and another took its descriptor before anybody looked.
        book.accepted(7)
        #expect(book.heard(other, on: 7) == .new)
        #expect(book.disconnected(7) == [[1]])
        #expect(book.serials == [[2]: 5])
        #expect(book.disconnected(7) == [[2]])
        #expect(book.disconnected(7) == [])
    }

    @Test func aSilentConnectionIsNobody() {
        var book = PeerBook()
        book.accepted(7)
        book.accepted(7)
        #expect(book.heard(first, on: 7) == .new)
        #expect(book.disconnected(7) == [])
        #expect(book.disconnected(7) == [[1]])
    }

    @Test func inDoubtAPeerIsAlive() {
        var book = PeerBook()
        book.accepted(7)
        book.accepted(7)
        // One of them spoke on the first connection.
        #expect(book.heard(first, on: 7) == .new)
        #expect(book.heard(other, on: 7) == .new)
        #expect(book.disconnected(7) == [])
        #expect(book.disconnected(7) == [[1], [2]])
    }

    @Test(arguments: [true, false])
    func aNewerConnectionReplacesAnOlder(_ isOlderHeardFirst: Bool) {
        var book = PeerBook()
        book.accepted(7)
        book.accepted(7)
        if isOlderHeardFirst {
            #expect(book.heard(first, on: 7) == .new)
            #expect(book.heard(second, on: 7) == .replaced)
        } else {
            #expect(book.heard(second, on: 7) == .new)
        }
        #expect(book.heard(first, on: 7) == .stale)
        #expect(book.disconnected(7) == [])
        #expect(book.heard(second, on: 7) == .known)
        #expect(book.disconnected(7) == [[1]])
    }

    @Test func aForgottenPeerStaysForgotten() {
        var book = PeerBook()
        book.accepted(7)
        #expect(book.heard(first, on: 7) == .new)
        let forgets = [book.forget(second), book.forget(first), book.forget(first)]
        #expect(forgets == [false, true, false])
        #expect(book.heard(first, on: 7) == .stale)
        #expect(book.disconnected(7) == [])
        book.accepted(7)
        #expect(book.heard(second, on: 7) == .new)
    }

    @Test func routingIDsReadBack() {
        for identity in [[0], [255, 0, 1], [UInt8](repeating: 3, count: TransportLimits.identityBytesMax)] {
            let routing = RoutingID(identity: identity, serial: 0x0102_0304_0506_0708)
            #expect(routing.bytes.count <= 255 && routing.bytes[0] != 0)
            #expect(routing.bytes.withUnsafeBytes { RoutingID($0) } == routing)
        }
    }

    @Test(arguments: [
        [], [0x45], [UInt8](repeating: 0x45, count: 9), [UInt8](repeating: 0, count: 20),
        [UInt8](repeating: 0x45, count: 255),
    ])
    func strangersHaveNoRoutingID(_ bytes: [UInt8]) {
        #expect(bytes.withUnsafeBytes { RoutingID($0) } == nil)
    }

    @Test func anOutboxIsAQueueWithinABound() {
        var outbox = Outbox()
        let message = [Frame(repeating: 1, count: 100)]
        let fits = [
            outbox.append(message, bytesMax: 10), outbox.append(message, bytesMax: 200),
            outbox.append([Frame([2])], bytesMax: 300),
        ]
        #expect(fits == [true, false, true])
        #expect(outbox.bytes == 164 + 65)
        #expect(outbox.first == message)
        outbox.removeFirst()
        #expect(outbox.first == [Frame([2])] && outbox.bytes == 65)
        outbox.removeFirst()
        #expect(outbox.isEmpty && outbox.first == nil && outbox.bytes == 0)
        let many = (0..<3000).map { [Frame([UInt8(truncatingIfNeeded: $0)])] }
        for message in many { _ = outbox.append(message, bytesMax: 1 << 20) }
        for message in many {
            #expect(outbox.first == message)
            outbox.removeFirst()
        }
        #expect(outbox.isEmpty)
    }
}
