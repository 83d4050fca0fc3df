import Glibc
import Synchronization

/// SIGINT and SIGTERM as a count that a loop looks at. Installed once by the process's main thread.
enum StopSignals {
    private static let received = Atomic<Int32>(0)
    private static let last = Atomic<Int32>(0)

    /// - Parameter ignoringInterrupt: for local workers: Ctrl-C reaches the whole process group, and they are
    ///   told by their coordinator.
    static func install(ignoringInterrupt: Bool = false) {
        signal(SIGPIPE, SIG_IGN)
        let note: @convention(c) (Int32) -> Void = { number in
            StopSignals.received.add(1, ordering: .relaxed)
            StopSignals.last.store(number, ordering: .relaxed)
        }
        signal(SIGTERM, note)
        if ignoringInterrupt {
            signal(SIGINT, SIG_IGN)
        } else {
            signal(SIGINT, note)
        }
    }

    static var count: Int { Int(received.load(ordering: .relaxed)) }

    static var lastName: String { last.load(ordering: .relaxed) == SIGINT ? "interrupted" : "terminated" }
}
