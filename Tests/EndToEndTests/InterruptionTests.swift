import Glibc
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

        @Test(arguments: [(TestRecipe.plain, 2), (.lwDNA, 1), (.lwDNA, 3), (.lwDNA, 5)])
        func stoppedByMaxSteps(recipe: TestRecipe, step: Int) async throws {
            let training = try Training(recipe)
            try await training.finish(Self.first, "--set", "max_steps=\(step)")
            #expect(training.run.newestPhase == (step < recipe.searchSteps ? "search" : "converge"))
            #expect(training.run.ledger.count == step)
            try await expectResumes(training)
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
