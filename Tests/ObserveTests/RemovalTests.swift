import Foundation
import Observe
import TestSupport
import Testing

/// A run that goes on from an earlier step: what was written of later ones goes.
struct RemovalTests {
    private func lines(_ path: String) throws -> [String] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    /// Digests come late: that of step 2 after the line of step 4.
    private func ledger(_ folder: TemporaryFolder) throws -> (MetricsWriter, String) {
        let path = folder.path("ledger.jsonl")
        let writer = try MetricsWriter(path: path)
        for step in [1, 2, 3, 4] { try writer.write(step: step, ["samples": 64]) }
        try writer.write(step: 2, ["digest": "abc"])
        for step in [5, 6] { try writer.write(step: step, ["samples": 64]) }
        try writer.write(step: 6, ["digest": "def"])
        return (writer, path)
    }

    @Test(arguments: [(0, 0), (1, 1), (2, 2), (3, 3), (4, 5), (5, 6), (6, 8), (9, 8)])
    func laterStepsAreRemoved(step: Int, kept: Int) throws {
        let folder = try TemporaryFolder()
        let (writer, path) = try ledger(folder)
        let before = try lines(path)
        try writer.remove(after: step)
        #expect(try lines(path) == Array(before.prefix(kept)))
        try writer.write(step: step + 1, ["samples": 64])
        #expect(try lines(path).count == kept + 1)
    }

    @Test func whatWasCutShortIsRemoved() throws {
        let folder = try TemporaryFolder()
        let (_, path) = try ledger(folder)
        let whole = try lines(path)
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("{\"step\":7,\"sam".utf8))
        let writer = try MetricsWriter(path: path, resumedStep: .max)
        #expect(try lines(path) == whole)
        try writer.write(step: 7, ["samples": 64])
        #expect(try lines(path).last == "{\"step\":7,\"samples\":64}")
    }

    @Test func lastStepOfAKind() throws {
        let folder = try TemporaryFolder()
        let (writer, path) = try ledger(folder)
        #expect(try MetricsFile.lastStep(in: 100, of: path) { $0.contains("samples") } == 6)
        try writer.remove(after: 5)
        #expect(try MetricsFile.lastStep(in: 100, of: path) { $0.contains("digest") } == 2)
        #expect(try MetricsFile.lastStep(in: 100, of: path) { $0.contains("nothing") } == nil)
    }

    @Test func objectsKeepTheirOrder() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("ledger.jsonl")
        let writer = try MetricsWriter(path: path)
        try writer.write(
            step: 1,
            [
                (
                    "workers",
                    .object([(key: "2", value: .list([0, 1])), (key: "1", value: .list([]))])
                )
            ])
        #expect(try lines(path) == [#"{"step":1,"workers":{"2":[0,1],"1":[]}}"#])
    }
}
