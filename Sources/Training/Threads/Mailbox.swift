import Synchronization
package import Transport

/// Messages from one thread to the thread that polls a switchboard: posting wakes the poll.
package final class Mailbox<Message: Sendable>: Sendable {
    private let messages = Mutex<[Message]>([])
    private let waker: Waker

    package init(waker: Waker) {
        self.waker = waker
    }

    package func post(_ message: Message) {
        messages.withLock { $0.append(message) }
        waker.wake()
    }

    /// Everything posted since the last call, in order.
    package func drain() -> [Message] {
        messages.withLock { messages in
            let all = messages
            messages.removeAll(keepingCapacity: true)
            return all
        }
    }
}
