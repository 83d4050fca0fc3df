import Dispatch
import Synchronization

/// Commands to a thread that does nothing but carry them out in order.
final class CommandQueue<Command: Sendable>: Sendable {
    private let commands = Mutex<[Command]>([])
    private let available = DispatchSemaphore(value: 0)

    func send(_ command: Command) {
        commands.withLock { $0.append(command) }
        available.signal()
    }

    /// The next command; waits until there is one. The owner sends a last one that ends the thread.
    func next() -> Command {
        available.wait()
        return commands.withLock { $0.removeFirst() }
    }
}
