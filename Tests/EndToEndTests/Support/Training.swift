import Foundation
import TestSupport
import Testing

/// How many workers with how many threads each.
struct Crew: Sendable, CustomStringConvertible {
    let workers: Int
    let threads: Int

    var description: String { "\(workers) workers of \(threads) threads" }
    var arguments: [String] { ["--workers", "\(workers)", "--threads", "\(threads)"] }
}

/// A recipe on its way in a folder of its own.
struct Training {
    let folder: TemporaryFolder
    let recipe: TestRecipe
    let recipePath: String

    init(_ recipe: TestRecipe) throws {
        folder = try TemporaryFolder()
        self.recipe = recipe
        recipePath = try recipe.write(to: folder)
    }

    var run: RunRecord { RunRecord(path: folder.path("run")) }

    func start(_ crew: Crew, _ others: [String] = []) throws -> ProgramRun {
        try ProgramRun(
            ["train", recipePath, "--run", run.path] + crew.arguments + others, in: folder)
    }

    /// Trains to the end, which must be a good one.
    func finish(
        _ crew: Crew, _ others: String..., at location: SourceLocation = #_sourceLocation
    ) async throws {
        let program = try ProgramRun(
            ["train", recipePath, "--run", run.path] + crew.arguments + others, in: folder)
        let outcome = try await program.end()
        #expect(outcome.ending == .exit(0), "\(outcome.errors)", sourceLocation: location)
        #expect(outcome.complaints.isEmpty, sourceLocation: location)
        #expect(program.processes.isEmpty, "processes are left behind", sourceLocation: location)
    }

    var digest: String {
        get async throws { try await Self.digest(run.path) }
    }

    static func digest(_ path: String) async throws -> String {
        let outcome = try await ProgramRun.outcome("digest", path)
        #expect(outcome.ending == .exit(0), "\(outcome.errors)")
        return outcome.output.trimmingCharacters(in: .newlines)
    }
}

/// What one worker of one thread makes of a recipe, without interruption: what all others must make of it.
actor Reference {
    static let shared = Reference()

    struct Result: Sendable {
        /// Kept for tests that look into a finished run or spoil a copy of it.
        let folder: TemporaryFolder
        let run: String
        let digest: String
    }

    private var results: [String: Task<Result, any Error>] = [:]

    func result(_ recipe: TestRecipe) async throws -> Result {
        if let task = results[recipe.description] { return try await task.value }
        let task = Task {
            let training = try Training(recipe)
            LeftoverFolders.removeAtExit(training.folder.path)
            try await training.finish(Crew(workers: 1, threads: 1))
            return Result(
                folder: training.folder, run: training.run.path, digest: try await training.digest)
        }
        results[recipe.description] = task
        return try await task.value
    }
}
