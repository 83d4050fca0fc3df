import Foundation
import Testing

extension EndToEnd {
    /// A run learns from another run's network.
    @Suite(.timeLimit(.minutes(30))) struct DistillationTests {
        /// What is said of a teacher with `--set`.
        static let logits = ["distillation.kind=logits"]
        static let similarity = ["distillation.kind=similarity", "distillation.weight=100"]
        static let features = ["distillation.kind=features", "distillation.weight=0.1"]
        static let smoothed = ["loss.label_smoothing=0.1"]

        @Test(
            arguments: [
                (TestRecipe.plain, logits + smoothed), (.lwDNA, logits),
                (.lwDNA, similarity + ["distillation.phases=both"]),
                (.plain, features), (.lwDNA, features),
            ])
        func crewDoesNotShow(recipe: TestRecipe, settings: [String]) async throws {
            let teacher = try await Reference.shared.result(.plain).run
            let settings = ["distillation.teacher=\(teacher)", "seed=2"] + settings
            let arguments = settings.flatMap { ["--set", $0] }
            var digests: [String] = []
            for crew in [
                Crew(workers: 1, threads: 1), Crew(workers: 2, threads: 1), Crew(workers: 1, threads: 3),
            ] {
                let training = try Training(recipe)
                let outcome = try await training.start(crew, arguments).end()
                #expect(outcome.ending == .exit(0), "\(outcome.errors)")
                training.run.expectWhole(recipe, steps: recipe.totalSteps)
                digests.append(try await training.digest)
            }
            #expect(Set(digests).count == 1)
            // The teacher shows, or all of this says nothing.
            let alone = try Training(recipe)
            try await alone.finish(Crew(workers: 1, threads: 1), "--set", "seed=2")
            #expect(try await alone.digest != digests[0])
        }

        @Test(arguments: [logits, features])
        func resumedRunsKeepTheirTeacher(kind: [String]) async throws {
            let crew = Crew(workers: 1, threads: 1)
            let teacher = try await Reference.shared.result(.plain).run
            let other = try await Reference.shared.result(.lwDNA).run
            func arguments(_ teacher: String) -> [String] {
                (kind + ["distillation.teacher=\(teacher)"]).flatMap { ["--set", $0] }
            }
            let whole = try Training(.plain)
            #expect(try await whole.start(crew, arguments(teacher)).end().ending == .exit(0))
            let training = try Training(.plain)
            let start = arguments(teacher) + ["--set", "max_steps=2"]
            #expect(try await training.start(crew, start).end().ending == .exit(0))
            let refused = try await training.start(crew, ["--resume"] + arguments(other)).end()
            #expect(refused.ending == .exit(1) && refused.complaints.count == 1, "\(refused.errors)")
            #expect(refused.errors.contains("written by another recipe"))
            let resumed = try await training.start(crew, ["--resume"] + arguments(teacher)).end()
            #expect(resumed.ending == .exit(0), "\(resumed.errors)")
            #expect(try await training.digest == whole.digest)
        }

        /// A network that was trained with adapters is evaluated and teaches without them.
        @Test func adaptersStayBehind() async throws {
            let crew = Crew(workers: 1, threads: 1)
            let teacher = try await Reference.shared.result(.plain).run
            let first = try Training(.lwDNA)
            let features = Self.features.flatMap { ["--set", $0] }
            let learnt = try await first.start(
                crew, features + ["--set", "distillation.teacher=\(teacher)"]
            ).end()
            #expect(learnt.ending == .exit(0), "\(learnt.errors)")
            let evaluated = try await ProgramRun(["evaluate", first.run.path], in: first.folder).end()
            #expect(evaluated.ending == .exit(0) && evaluated.output.contains("top-1"), "\(evaluated.errors)")
            let second = try Training(.plain)
            let taught = try await second.start(
                crew, features + ["--set", "distillation.teacher=\(first.run.path)"]
            ).end()
            #expect(taught.ending == .exit(0), "\(taught.errors)")
        }

        /// The worker reads the teacher itself; one that finds another there must not take part.
        @Test func workersWithAnotherTeacherAreRefused() async throws {
            let teacher = try await Reference.shared.result(.plain).run
            let other = try await Reference.shared.result(.lwDNA).run
            let links = FileManager.default
            let link = NSTemporaryDirectory() + "espalier-teacher-\(UUID().uuidString)"
            try links.createSymbolicLink(atPath: link, withDestinationPath: teacher)
            defer { try? links.removeItem(atPath: link) }
            let cluster = try Cluster(.long, workers: 1, "--set", "distillation.teacher=\(link)")
            let worker = try cluster.join()
            try await eventually("a step is committed: \(cluster.coordinator.errors)") {
                !cluster.training.run.ledger.isEmpty
            }
            try links.removeItem(atPath: link)
            try links.createSymbolicLink(atPath: link, withDestinationPath: other)
            let refused = try await cluster.join().end()
            #expect(refused.ending == .exit(1) && refused.complaints.count == 1, "\(refused.errors)")
            #expect(refused.errors.contains("not the teacher of this run"), "\(refused.errors)")
            for program in [cluster.coordinator, worker] {
                let outcome = try await program.end()
                #expect(outcome.ending == .exit(0), "\(outcome.errors)")
            }
        }
    }
}
