import Foundation
import Glibc

/// The workers of `espalier train`: child processes of this one on loopback. None outlives the object.
final class LocalWorkers {
    /// A process that has ended by itself.
    struct End: Sendable {
        let process: UInt32
        /// For people: "was killed by signal 9".
        let how: String
        let isGood: Bool
        /// By SIGKILL: from outside, or for want of memory.
        let isKilled: Bool
    }

    private struct Child {
        let process: Process
        /// Held open: a worker whose standard input ends knows that its parent is gone.
        let lifeline: Pipe
        let started: ContinuousClock.Instant
    }

    /// A worker that dies sooner may do so again.
    private static let quick = Duration.seconds(10)
    private static let quickDeathsMax = 3
    /// Killing is not the worker's fault, unless it goes on and on.
    private static let quickKillsMax = 10

    private var children: [Child] = []
    private let arguments: [String]
    private let ends: Mailbox<End>
    private var quickDeaths = 0
    private var stepOfLastDeath = -1

    /// - Parameters:
    ///   - arguments: of each worker's command line.
    ///   - ends: where the end of a process is told; see ``replace(_:step:)``.
    init(count: Int, arguments: [String], ends: Mailbox<End>) throws {
        self.arguments = arguments
        self.ends = ends
        for _ in 0..<count { _ = try start() }
    }

    private func start() throws -> UInt32 {
        let process = Process()
        let lifeline = Pipe()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = arguments
        process.standardInput = lifeline
        process.terminationHandler = { [ends] process in
            let bySignal = process.terminationReason == .uncaughtSignal
            ends.post(
                End(
                    process: UInt32(process.processIdentifier),
                    how: bySignal
                        ? "was killed by signal \(process.terminationStatus)"
                        : "exited with \(process.terminationStatus)",
                    isGood: !bySignal && process.terminationStatus == 0,
                    isKilled: bySignal && process.terminationStatus == SIGKILL))
        }
        try process.run()
        children.append(Child(process: process, lifeline: lifeline, started: .now))
        return UInt32(process.processIdentifier)
    }

    /// Starts another process in the place of one that died. One that left as it was told is not replaced.
    /// - Parameter step: how far the run is: as long as it goes on, deaths are chance.
    /// - Returns: the new process; nil if there is none.
    /// - Throws: ``LocalWorkersError`` when workers keep dying.
    func replace(_ end: End, step: Int) throws -> UInt32? {
        guard let index = children.firstIndex(where: { $0.process.processIdentifier == end.process })
        else { return nil }
        let child = children.remove(at: index)
        guard !end.isGood else { return nil }
        let isQuick = .now - child.started < Self.quick && step == stepOfLastDeath
        quickDeaths = isQuick ? quickDeaths + 1 : 1
        stepOfLastDeath = step
        guard quickDeaths < (end.isKilled ? Self.quickKillsMax : Self.quickDeathsMax) else {
            throw LocalWorkersError(deaths: quickDeaths, how: end.how)
        }
        return try start()
    }

    /// Waits until all have ended; kills those that do not within `patience`.
    func finish(patience: Duration) {
        let processes = children.map(\.process)
        let deadline = ContinuousClock.now + patience
        while processes.contains(where: \.isRunning) && ContinuousClock.now < deadline {
            usleep(5_000)
        }
        for process in processes where process.isRunning { kill(process.processIdentifier, SIGKILL) }
        for process in processes { process.waitUntilExit() }
        children = []
    }

    deinit {
        finish(patience: .zero)
    }
}

/// Local workers die as soon as they are started.
struct LocalWorkersError: Error, CustomStringConvertible {
    let deaths: Int
    let how: String

    var description: String {
        "\(deaths) worker processes died one after the other before the run went on, the last \(how); "
            + "their messages above may say why"
    }
}
