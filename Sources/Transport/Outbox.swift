/// Messages waiting for one remote, in order, within a bound of bytes.
struct Outbox {
    /// What a message costs besides its bytes, so that empty ones are bounded too.
    private static let messageBytes = 64

    private var messages: [[Frame]] = []
    /// Messages before this one are sent.
    private var head = 0
    private(set) var bytes = 0

    var isEmpty: Bool { head == messages.count }
    var first: [Frame]? { isEmpty ? nil : messages[head] }

    /// - Returns: false if the message does not fit. An empty outbox takes any.
    mutating func append(_ frames: [Frame], bytesMax: Int) -> Bool {
        let size = Self.size(frames)
        guard isEmpty || bytes + size <= bytesMax else { return false }
        messages.append(frames)
        bytes += size
        return true
    }

    mutating func removeFirst() {
        bytes -= Self.size(messages[head])
        messages[head] = []
        head += 1
        if head == messages.count {
            messages.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 1024 {
            messages.removeFirst(head)
            head = 0
        }
    }

    mutating func removeAll() {
        self = Outbox()
    }

    private static func size(_ frames: [Frame]) -> Int {
        frames.reduce(messageBytes) { $0 + $1.count }
    }
}
