import ClusterCore
import Foundation
import Glibc

/// The workers of `espalier train`: child processes of this one on loopback. None outlives the object.
final class LocalWorkers {
    private var processes: [Process] = []
    /// Held open: a worker whose standard input ends knows that its parent is gone.
    private var lifelines: [Pipe] = []

    /// - Parameters:
    ///   - arguments: of each worker's command line.
    ///   - events: where the end of a process is told.
    init(count: Int, arguments: [String], events: Mailbox<CoordinatorEvent>) throws {
        for _ in 0..<count {
            let process = Process()
            let lifeline = Pipe()
            process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
            process.arguments = arguments
            process.standardInput = lifeline
            process.terminationHandler = { process in
                let how =
                    process.terminationReason == .uncaughtSignal
                    ? "was killed by signal \(process.terminationStatus)"
                    : "exited with \(process.terminationStatus)"
                events.post(.workerExited(process: UInt32(process.processIdentifier), how: how))
            }
            try process.run()
            processes.append(process)
            lifelines.append(lifeline)
        }
    }

    /// Waits until all have ended; kills those that do not within `patience`.
    func finish(patience: Duration) {
        let deadline = ContinuousClock.now + patience
        while processes.contains(where: \.isRunning) && ContinuousClock.now < deadline {
            usleep(5_000)
        }
        for process in processes where process.isRunning { kill(process.processIdentifier, SIGKILL) }
        for process in processes { process.waitUntilExit() }
        processes = []
    }

    deinit {
        finish(patience: .zero)
    }
}
