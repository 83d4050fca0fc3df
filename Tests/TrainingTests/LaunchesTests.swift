import Foundation
import Observe
import TestSupport
import Testing

@testable import ClusterCore
@testable import Training

/// The launches of a run, as its folder knows them.
struct LaunchesTests {
    @Test func earlierOnesAreKnown() throws {
        let files = try TemporaryFolder()
        let folder = try RunFolder(path: files.path("run"), resume: true)
        let runs = (0..<3).map { _ in RunID.random() }
        for (index, run) in runs.enumerated() {
            #expect(try Launches.begin(run, in: folder) == Array(runs.prefix(index)))
        }
        try "nonsense\n\(runs[0])\n\(String(runs[1].description.dropLast()))"
            .write(toFile: folder.launches, atomically: true, encoding: .utf8)
        #expect(try Launches.begin(runs[2], in: folder) == [runs[0]])
        #expect(try Launches.begin(runs[1], in: folder) == [runs[0], runs[2]])
    }

    @Test(arguments: ["", "00", String(repeating: "0g", count: 16), String(repeating: "é", count: 16)])
    func otherTextIsNoRun(text: String) {
        #expect(RunID(text: text) == nil)
    }

    @Test func anEvaluationIsWrittenOnce() throws {
        let files = try TemporaryFolder()
        let definition = try TestDefinitions.make()
        func evaluations() throws -> Int {
            try String(contentsOfFile: files.path("run/metrics.jsonl"), encoding: .utf8)
                .components(separatedBy: "evaluation").count - 1
        }
        func log() throws -> RunLog {
            try RunLog(
                RunFolder(path: files.path("run"), resume: true), definition,
                progress: ProgressLine(descriptor: -1))
        }
        let result = EvaluationResult(step: 4, loss: 1, top1: 3, top5: 9, images: 50)
        try log().record(result)
        let second = try log()
        try second.record(result)
        #expect(try evaluations() == 1)
        try second.continueFrom(step: 3)
        #expect(try evaluations() == 0)
        try second.record(result)
        #expect(try evaluations() == 1)
    }
}
