import Glibc
import Synchronization

/// Shows progress: one line that renews itself on a terminal, at most ten times a second; elsewhere a line
/// every few seconds. May be used from any thread. A terminal that has gone away does not disturb the run.
public final class ProgressLine: Sendable {
    private struct State {
        var shown: ContinuousClock.Instant?
        var isLineOpen = false
        var pace: Pace?
    }

    /// Where the current phase was first seen; the mean pace since then gives the time left.
    private struct Pace {
        let phase: String
        let step: Int
        let start: ContinuousClock.Instant
    }

    private let descriptor: CInt
    private let isTerminal: Bool
    private let interval: Duration
    private let state = Mutex(State())

    /// - Parameters:
    ///   - descriptor: where to write; standard error, so that standard output stays free for results.
    ///   - isTerminal: nil to ask the system.
    ///   - plainInterval: between two lines where there is no terminal.
    public init(
        descriptor: CInt = 2, isTerminal: Bool? = nil, plainInterval: Duration = .seconds(5)
    ) {
        self.descriptor = descriptor
        let isDumb = getenv("TERM").map { strcmp($0, "dumb") == 0 } ?? true
        self.isTerminal = isTerminal ?? (isatty(descriptor) == 1 && !isDumb)
        interval = self.isTerminal ? .milliseconds(100) : plainInterval
    }

    /// Shows `progress` unless something was shown a moment ago.
    public func update(_ progress: RunProgress, now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            let progress = Self.withTimeLeft(progress, &state.pace, now)
            if let shown = state.shown, now - shown < interval { return }
            state.shown = now
            show(progress, &state)
        }
    }

    /// Shows `progress` in any case and ends the line: the phase is over.
    public func finish(_ progress: RunProgress, now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            show(Self.withTimeLeft(progress, &state.pace, now), &state)
            if state.isLineOpen { write("\n") }
            state.isLineOpen = false
            state.shown = nil
        }
    }

    /// Writes a line of its own above the live one.
    public func note(_ text: String) {
        state.withLock { state in
            write(state.isLineOpen ? "\r\u{1b}[K\(text)\n" : "\(text)\n")
            state.isLineOpen = false
            state.shown = nil
        }
    }

    private func show(_ progress: RunProgress, _ state: inout State) {
        if isTerminal {
            write("\r\(String(progress.line.prefix(columns - 1)))\u{1b}[K")
            state.isLineOpen = true
        } else {
            write(progress.line + "\n")
        }
    }

    private static func withTimeLeft(
        _ progress: RunProgress, _ pace: inout Pace?, _ now: ContinuousClock.Instant
    ) -> RunProgress {
        if pace?.phase != progress.phase || pace.map({ progress.step < $0.step }) == true {
            pace = Pace(phase: progress.phase, step: progress.step, start: now)
        }
        guard progress.secondsLeft == nil, let pace, let total = progress.total, progress.step > pace.step,
            total > progress.step
        else { return progress }
        var result = progress
        result.secondsLeft =
            (now - pace.start) / .seconds(1) / Double(progress.step - pace.step)
            * Double(total - progress.step)
        return result
    }

    /// The terminal's width.
    private var columns: Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20 else { return 80 }
        return Int(size.ws_col)
    }

    private func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }
}
