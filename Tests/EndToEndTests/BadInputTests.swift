import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// What is wrong is said in one line for each problem, and nothing else happens.
    @Suite(.timeLimit(.minutes(30))) struct BadInputTests {
        @Test(arguments: BadInput.all)
        func isOneClearLine(_ input: BadInput) async throws {
            let folder = try TemporaryFolder()
            let program = try ProgramRun(await input.prepare(folder), in: folder)
            let outcome = try await program.end()
            #expect(outcome.ending == .exit(input.code), "\(outcome.errors)")
            #expect(outcome.complaints.count == input.lines.count, "\(outcome.errors)")
            for (complaint, expected) in zip(outcome.complaints, input.lines) {
                #expect(complaint.contains(expected))
            }
            #expect(
                outcome.complaints.count == outcome.errors.split(separator: "\n").count, "\(outcome.errors)")
            #expect(outcome.output.isEmpty)
            try await eventually("all processes are gone") { program.processes.isEmpty }
        }

        /// A refused recipe or endpoint leaves nothing that the next try would stumble over.
        @Test func refusalLeavesNoRun() async throws {
            let training = try Training(.plain)
            let refused = try await ProgramRun.outcome(
                "coordinator", training.recipePath, "--run", training.run.path, "--listen",
                "tcp://192.0.2.1:1")
            #expect(refused.ending == .exit(1) && refused.complaints.count == 1, "\(refused.errors)")
            try await training.finish(Crew(workers: 1, threads: 1))
        }

        /// The newest checkpoint is unusable, the one before it is not.
        @Test func resumePassesOverASpoiltCheckpoint() async throws {
            let training = try Training(.lwDNA)
            try await training.finish(
                Crew(workers: 1, threads: 1), "--set", "max_steps=5", "--set", "checkpoint.every_steps=1")
            let newest = try #require(training.run.checkpoints.last)
            let file = URL(filePath: "\(training.run.path)/checkpoints/\(newest)/model.safetensors")
            var data = try Data(contentsOf: file)
            data[data.count / 2] ^= 1
            try data.write(to: file)
            let program = try training.start(Crew(workers: 2, threads: 1), ["--resume"])
            let outcome = try await program.end()
            #expect(outcome.ending == .exit(0))
            #expect(outcome.errors.contains("passed over a checkpoint"))
            #expect(try await training.digest == Reference.shared.result(.lwDNA).digest)
            training.run.expectWhole(.lwDNA, steps: TestRecipe.lwDNA.totalSteps)
        }
    }
}
