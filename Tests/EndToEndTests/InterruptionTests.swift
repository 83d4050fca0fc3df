import Foundation
import Glibc
import TestSupport
import Testing

extension EndToEnd {
    /// A run that is interrupted in either phase and resumed, by another crew, ends with the same bits.
    @Suite(.timeLimit(.minutes(30))) struct InterruptionTests {
        enum Signal: CaseIterable {
            case terminate, interrupt, kill

            var number: CInt {
                switch self {
                case .terminate: SIGTERM
                case .interrupt: SIGINT
                case .kill: SIGKILL
                }
            }
        }

        static let first = Crew(workers: 2, threads: 1)
        static let second = Crew(workers: 3, threads: 1)

        @Test(arguments: [(TestRecipe.plain, 2), (.lwDNA, 1), (.lwDNA, 3), (.lwDNA, 5), (.dhp, 2), (.dhp, 3)])
        func stoppedByMaxSteps(recipe: TestRecipe, step: Int) async throws {
            let training = try Training(recipe)
            try await training.finish(Self.first, "--set", "max_steps=\(step)")
            #expect(training.run.newestPhase == (step < recipe.searchSteps ? "search" : "converge"))
            #expect(training.run.ledger.count == step)
            try await expectResumes(training)
            guard recipe.description == "dhp" else { return }
            // Step 2 was looked at by both launches, and is written down once.
            #expect(training.run.metrics.filter { $0.searchCheck == true }.map(\.step) == [2, 4])
        }

        /// Without a search: the run keeps the plan, whatever becomes of its file.
        @Test func aPlanIsKept() async throws {
            let source = try Training(.plain)
            try await source.finish(
                Self.first, "--set", "shrink.method=uniform", "--set", "shrink.budget.ratio=0.3")
            let training = try Training(.plain)
            let path = training.folder.path("plan.yaml")
            try FileManager.default.copyItem(atPath: "\(source.run.path)/plan.json", toPath: path)
            let (method, plan) = ("shrink.method=plan", "shrink.plan=\(path)")
            try await training.finish(
                Self.first, "--set", method, "--set", plan, "--set", "max_steps=2")
            try FileManager.default.removeItem(atPath: path)
            try await training.finish(Self.second, "--set", method, "--set", plan, "--resume")
            #expect(try await training.digest == source.digest)
            #expect(training.run.ledger.map(\.phase) == Array(repeating: "converge", count: 4))
            let nothing = try Training(.plain)
            let outcome = try await nothing.start(Self.first, ["--set", method, "--set", plan]).end()
            #expect(outcome.ending == .exit(2), "\(outcome.errors)")
            #expect(outcome.errors.contains("\(path): cannot be read: No such file"), "\(outcome.errors)")
            // The folder does not look used.
            try await nothing.finish(Self.first)
        }

        @Test(arguments: Signal.allCases, ["search", "converge"])
        func stoppedBySignal(signal: Signal, phase: String) async throws {
            try await expectResumes(interrupted(in: phase, by: signal))
        }

        private func expectResumes(_ training: Training) async throws {
            try await training.finish(Self.second, "--resume")
            #expect(try await training.digest == Reference.shared.result(training.recipe).digest)
            training.run.expectWhole(training.recipe, steps: training.recipe.totalSteps)
        }

        /// A training whose newest checkpoint is in `phase`. A slow machine may need several attempts to hit
        /// it.
        private func interrupted(in phase: String, by signal: Signal) async throws -> Training {
            for _ in 1...20 {
                let training = try Training(.lwDNA)
                let program = try training.start(Self.first, ["--set", "checkpoint.every_steps=1"])
                try await eventually("the \(phase) phase has a checkpoint: \(program.errors)") {
                    training.run.newestPhase == phase
                }
                // Ctrl-C reaches the whole group.
                if signal == .interrupt {
                    kill(-program.process, SIGINT)
                } else {
                    program.signal(signal.number)
                }
                let outcome = try await program.end()
                try await eventually("all processes are gone") { program.processes.isEmpty }
                guard outcome.ending != .exit(0), training.run.newestPhase == phase else { continue }
                if signal == .kill {
                    #expect(outcome.ending == .signal(SIGKILL))
                } else {
                    #expect(outcome.ending == .exit(75), "\(outcome.errors)")
                    #expect(outcome.complaints.count == 1 && outcome.errors.contains("go on with --resume"))
                }
                return training
            }
            throw NeverHappened(description: "no run could be interrupted in the \(phase) phase")
        }
    }
}
