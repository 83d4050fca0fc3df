import Foundation
import Observe
import TestSupport
import Testing

/// Who may have a run folder.
@Suite struct RunFolderTests {
    let folder = try! TemporaryFolder()

    @Test func aNewFolderIsMade() throws {
        let run = try RunFolder(path: folder.path("a/b/c"), resume: false)
        #expect(!run.holdsRun)
        #expect(run.metrics == folder.path("a/b/c/metrics.jsonl"))
        #expect(FileManager.default.fileExists(atPath: run.path))
    }

    @Test(arguments: ["recipe.yaml", "metrics.jsonl", "ledger.jsonl", "plan.json", "checkpoints"])
    func anothersRunIsRefusedUnlessResumed(name: String) throws {
        try Data().write(to: URL(filePath: folder.path(name)))
        let error = #expect(throws: ObserveError.self) { try RunFolder(path: folder.path, resume: false) }
        #expect(error?.problem.contains("--resume") == true)
        #expect(try RunFolder(path: folder.path, resume: true).holdsRun)
    }

    @Test func aFolderOfOtherThingsAndAnEmptyResumeAreFine() throws {
        try Data().write(to: URL(filePath: folder.path("notes.txt")))
        #expect(try !RunFolder(path: folder.path, resume: false).holdsRun)
        #expect(try !RunFolder(path: folder.path("new"), resume: true).holdsRun)
    }

    @Test func twoCannotShareIt() throws {
        var first: RunFolder? = try RunFolder(path: folder.path, resume: false)
        let error = #expect(throws: ObserveError.self) { try RunFolder(path: folder.path, resume: true) }
        #expect(error?.problem == "in use by process \(ProcessInfo.processInfo.processIdentifier)")
        #expect(first != nil)
        first = nil
        _ = try RunFolder(path: folder.path, resume: true)
    }

    @Test func whatTheSystemRefusesIsNamed() throws {
        let file = folder.path("file")
        try Data().write(to: URL(filePath: file))
        for path in ["\(file)/run", file, "", "/proc/none/run"] {
            let error = #expect(throws: ObserveError.self) { try RunFolder(path: path, resume: false) }
            #expect(error?.description.contains("\n") == false)
        }
    }
}
