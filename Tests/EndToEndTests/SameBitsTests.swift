import TensorCore
import Testing

extension EndToEnd {
    /// The weights depend on recipe and data alone.
    @Suite(.timeLimit(.minutes(30))) struct SameBitsTests {
        static let crews = [
            Crew(workers: 2, threads: 1), Crew(workers: 3, threads: 1), Crew(workers: 5, threads: 1),
            Crew(workers: 1, threads: 2), Crew(workers: 1, threads: 3), Crew(workers: 3, threads: 2),
        ]

        @Test(arguments: [TestRecipe.plain, .lwDNA], crews)
        func crewDoesNotShow(recipe: TestRecipe, crew: Crew) async throws {
            let training = try Training(recipe)
            try await training.finish(crew)
            #expect(try await training.digest == Reference.shared.result(recipe).digest)
            training.run.expectWhole(recipe, steps: recipe.totalSteps)
        }

        @Test(arguments: [crews[0], crews[4]]) func crewDoesNotShowInDHP(crew: Crew) async throws {
            let training = try Training(.dhp)
            try await training.finish(crew)
            #expect(try await training.digest == Reference.shared.result(.dhp).digest)
            training.run.expectWhole(.dhp, steps: TestRecipe.dhp.totalSteps)
        }

        @Test(.enabled(if: Engine.supports(.bf16)), arguments: [crews[0], crews[4], crews[5]])
        func crewDoesNotShowInHalfPrecision(crew: Crew) async throws {
            let training = try Training(.bf16)
            try await training.finish(crew)
            #expect(try await training.digest == Reference.shared.result(.bf16).digest)
            #expect(try await training.digest != Reference.shared.result(.lwDNA).digest)
        }

        /// A digest that never changed would pass everywhere else.
        @Test func anotherSeedShows() async throws {
            let training = try Training(.plain)
            try await training.finish(Crew(workers: 1, threads: 1), "--set", "seed=2")
            #expect(try await training.digest != Reference.shared.result(.plain).digest)
        }
    }
}
