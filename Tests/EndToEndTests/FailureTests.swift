import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// A process dies, stalls or leaves in the middle of a run: a clear line, and the run goes on as if
    /// nothing had happened.
    @Suite(.timeLimit(.minutes(30))) struct FailureTests {
        /// A run of two workers that has committed a step.
        private func running(
            _ recipe: TestRecipe = .endless, _ others: String...
        ) async throws -> (Training, ProgramRun, [LiveProcess]) {
            let training = try Training(recipe)
            let program = try training.start(Crew(workers: 2, threads: 1), others)
            try await eventually("a step is committed: \(program.errors)") { !training.run.ledger.isEmpty }
            let workers = program.workers
            try #require(workers.count == 2)
            return (training, program, workers)
        }

        private func expectNothingLeft(
            _ program: ProgramRun, _ workers: [LiveProcess], at location: SourceLocation = #_sourceLocation
        ) async throws {
            try await eventually("all processes are gone") { program.processes.isEmpty }
            let folder = try #require(workers.first?.socketFolder, sourceLocation: location)
            try await eventually("\(folder) is gone") { !FileManager.default.fileExists(atPath: folder) }
        }

        /// How many steps are committed.
        private func commit(_ more: Int, _ training: Training, _ program: ProgramRun) async throws {
            let wanted = training.run.ledger.count + more
            try await eventually("\(more) steps more: \(program.errors)") {
                training.run.ledger.count >= wanted
            }
        }

        @Test func killedWorkersAreReplaced() async throws {
            let (training, program, workers) = try await running(.long)
            workers[1].signal(SIGKILL)
            try await eventually("another one: \(program.errors)") {
                program.errors.contains("process \(workers[1].id) was killed by signal 9; process")
            }
            try await commit(2, training, program)
            workers[0].signal(SIGKILL)
            let outcome = try await program.end()
            #expect(outcome.ending == .exit(0), "\(outcome.errors)")
            #expect(outcome.complaints.isEmpty)
            #expect(try await training.digest == Reference.shared.result(.long).digest)
            training.run.expectWhole(.long, steps: TestRecipe.long.totalSteps)
            try await expectNothingLeft(program, workers)
        }

        @Test func killedCoordinatorEndsItsWorkers() async throws {
            let (_, program, workers) = try await running()
            program.signal(SIGKILL)
            #expect(try await program.end().ending == .signal(SIGKILL))
            try await expectNothingLeft(program, workers)
        }

        @Test func stalledWorkerIsLeftBehindAndComesBack() async throws {
            let (training, program, workers) = try await running(.endless, "--set", "timeout=2")
            workers[0].signal(SIGSTOP)
            try await eventually("it is missed: \(program.errors)") {
                program.errors.contains("process \(workers[0].id)) at step")
            }
            try await commit(2, training, program)
            workers[0].signal(SIGCONT)
            try await eventually("it is back: \(program.errors)") {
                program.errors.contains("process \(workers[0].id)) joined")
            }
            try await commit(2, training, program)
            program.signal(SIGTERM)
            #expect(try await program.end().ending == .exit(75))
            try await expectNothingLeft(program, workers)
        }

        @Test func workerToldToLeaveLeaves() async throws {
            let (training, program, workers) = try await running()
            workers[0].signal(SIGTERM)
            try await eventually("it is gone: \(program.errors)") {
                program.workers.map(\.id) == [workers[1].id]
            }
            try await commit(2, training, program)
            // Without the last one there is nobody to wait for.
            workers[1].signal(SIGTERM)
            let outcome = try await program.end()
            #expect(outcome.ending == .exit(75), "\(outcome.errors)")
            #expect(outcome.complaints.count == 1)
            #expect(!outcome.errors.contains("takes its place"))
            training.run.expectWhole(.endless, steps: training.run.ledger.count)
            try await expectNothingLeft(program, workers)
        }

        @Test func twoCoordinatorsDoNotShareAFolder() async throws {
            let (training, program, workers) = try await running()
            let other = try await training.start(Crew(workers: 1, threads: 1), ["--resume"]).end()
            #expect(other.ending == .exit(1))
            #expect(other.complaints.count == 1 && other.errors.contains("process \(program.process)"))
            #expect(program.workers.count == 2)
            program.signal(SIGTERM)
            #expect(try await program.end().ending == .exit(75))
            try await expectNothingLeft(program, workers)
        }
    }
}
