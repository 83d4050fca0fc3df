import Foundation
import Observe
import Testing

/// What people see.
@Suite struct ShowTests {
    @Test func progressIsOneLine() {
        var progress = RunProgress(
            phase: "converge", step: 120, total: 3_140, imagesPerSecond: 1_005.4, loss: 1.2041,
            accuracy: 0.561,
            secondsLeft: 200, note: "2 workers")
        #expect(
            progress.line == "converge  step 120/3140  1005 images/s  loss 1.204  accuracy 56.1 %  "
                + "3 min 20 s left  2 workers")
        progress = RunProgress(phase: "search", step: 1, total: nil, loss: .nan)
        #expect(progress.line == "search  step 1  loss nan")
    }

    @Test(arguments: [
        (0, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (3_725, "1 h 2 min"), (100_000, "1 d 3 h"),
        (-5, "0 s"),
        (.infinity, "?"), (.nan, "?"),
    ])
    func timesAreShort(seconds: Double, expected: String) {
        #expect(Show.time(seconds) == expected)
    }

    @Test(arguments: [
        (0, "0"), (9_999, "9999"), (12_345, "12.3 k"), (25_557_000, "25.557 M"), (4_117_700_000, "4.118 G"),
        (-25_557_000, "-25.557 M"),
    ])
    func countsHaveSuffixes(count: Int, expected: String) {
        #expect(Show.count(count) == expected)
    }

    @Test(arguments: [(0, "0"), (0.0001234, "1.2e-04"), (-25, "-2.5e+01"), (.nan, "nan")])
    func magnitudesAreOfOneWidth(value: Double, expected: String) {
        #expect(Show.magnitude(value) == expected)
    }

    @Test func tablesAlign() {
        var table = TextTable([("layer", .left), ("kept", .right)])
        table.add(["stem", "16"])
        table.add(["stage1.0", "7", "too many"])
        table.add(["é"])
        #expect(table.description == "layer     kept\n--------  ----\nstem        16\nstage1.0     7\né")
    }

    /// What a ``ProgressLine`` writes while `body` runs.
    func output(isTerminal: Bool, _ body: (ProgressLine) -> Void) throws -> String {
        let pipe = Pipe()
        body(ProgressLine(descriptor: pipe.fileHandleForWriting.fileDescriptor, isTerminal: isTerminal))
        try pipe.fileHandleForWriting.close()
        return String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    }

    static func progress(_ step: Int, phase: String = "converge") -> RunProgress {
        RunProgress(phase: phase, step: step, total: 100)
    }

    @Test func aTerminalGetsOneLineTenTimesASecond() throws {
        let text = try output(isTerminal: true) { line in
            let start = ContinuousClock.now
            for step in 0..<50 { line.update(Self.progress(step), now: start + .milliseconds(10 * step)) }
            line.note("worker joined")
            line.finish(Self.progress(50), now: start + .milliseconds(500))
        }
        #expect(text.split(separator: "\r").filter { $0.contains("step") }.count == 6)
        #expect(text.contains("\r\u{1b}[Kworker joined\n"))
        #expect(text.hasSuffix("\u{1b}[K\n"))
        #expect(text.contains("converge  step 40/100  1 s left"))
    }

    @Test func elsewhereThereAreWholeLinesNowAndThen() throws {
        let text = try output(isTerminal: false) { line in
            let start = ContinuousClock.now
            for step in 0..<12 { line.update(Self.progress(step), now: start + .seconds(step)) }
            line.note("worker joined")
            line.finish(Self.progress(12), now: start + .seconds(12))
        }
        let lines = text.split(separator: "\n")
        #expect(
            lines == [
                "converge  step 0/100", "converge  step 5/100  1 min 35 s left",
                "converge  step 10/100  1 min 30 s left",
                "worker joined", "converge  step 12/100  1 min 28 s left",
            ])
        #expect(!text.contains("\r") && !text.contains("\u{1b}"))
    }

    @Test func aNewPhaseStartsANewEstimate() throws {
        let text = try output(isTerminal: false) { line in
            let start = ContinuousClock.now
            line.update(Self.progress(1, phase: "search"), now: start)
            line.finish(Self.progress(2, phase: "search"), now: start + .seconds(100))
            line.update(Self.progress(0), now: start + .seconds(200))
            line.update(Self.progress(10), now: start + .seconds(210))
        }
        #expect(text.contains("converge  step 10/100  1 min 30 s left"))
    }
}
