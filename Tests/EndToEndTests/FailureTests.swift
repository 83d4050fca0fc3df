import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// A process dies or stalls in the middle of a run: a clear line, an end, nothing left behind.
    @Suite(.timeLimit(.minutes(30))) struct FailureTests {
        /// A run of two workers that has committed a step.
        private func running(_ others: String...) async throws -> (Training, ProgramRun, [LiveProcess]) {
            let training = try Training(.endless)
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

        @Test func killedWorkerEndsTheRun() async throws {
            let (training, program, workers) = try await running()
            workers[1].signal(SIGKILL)
            let outcome = try await program.end()
            #expect(outcome.ending == .exit(1))
            #expect(outcome.complaints.count == 1)
            let line = try #require(outcome.complaints.first)
            #expect(line.contains("process \(workers[1].id)) was killed by signal 9"), "\(line)")
            #expect(line.contains("--resume"), "\(line)")
            try await expectNothingLeft(program, workers)
            training.run.expectTidy()
        }

        @Test func killedCoordinatorEndsItsWorkers() async throws {
            let (_, program, workers) = try await running()
            program.signal(SIGKILL)
            #expect(try await program.end().ending == .signal(SIGKILL))
            try await expectNothingLeft(program, workers)
        }

        @Test func stalledWorkerIsNamed() async throws {
            let (_, program, workers) = try await running("--set", "timeout=2")
            workers[0].signal(SIGSTOP)
            let outcome = try await program.end()
            #expect(outcome.ending == .exit(1))
            #expect(outcome.complaints.count == 1)
            // On a machine slow enough another one may seem to have stalled.
            let names = workers.map { "process \($0.id)) was not heard of for 2.0 seconds" }
            #expect(names.contains { outcome.errors.contains($0) }, "\(outcome.errors)")
            try await expectNothingLeft(program, workers)
        }

        @Test func workerToldToLeaveStopsTheRunWithACheckpoint() async throws {
            let (training, program, workers) = try await running()
            workers[0].signal(SIGTERM)
            let outcome = try await program.end()
            #expect(outcome.ending == .exit(75), "\(outcome.errors)")
            #expect(outcome.complaints.count == 1)
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
