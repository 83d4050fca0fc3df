import Recipe
import TensorCore

@testable import Training

/// Small runs for tests in one process.
enum TestDefinitions {
    /// - Parameters:
    ///   - searchSteps: 0 trains the plain network.
    ///   - shrink: the lines of the recipe's section instead.
    ///   - others: further lines of the recipe.
    static func make(
        _ network: String = "resnet20", searchSteps: Int = 0, batch: Int = 64, shard: Int = 16,
        epochs: Int = 1, trainCount: Int = 256, shrink lines: String? = nil, _ others: String = ""
    ) throws -> RunDefinition {
        let section =
            lines ?? (searchSteps > 0 ? "embedding: 2\nsteps: \(searchSteps)\nbudget: {ratio: 0.5}" : nil)
        let shrink = section.map { section in
            (["", "shrink:"] + section.split(separator: "\n").map { "  \($0)" } + [""])
                .joined(separator: "\n")
        }
        return try RunDefinition(
            Recipe(
                text: """
                    network: \(network)
                    batch: \(batch)
                    shard: \(shard)
                    epochs: \(epochs)
                    data:
                      format: synthetic
                      train_count: \(trainCount)
                      test_count: 50
                    \(others)
                    """ + (shrink ?? ""), file: "test"))
    }

    /// A replica with the recipe's first weights.
    static func replica(_ definition: RunDefinition, threads: Int = 1) throws -> Replica {
        let replica = try Replica(
            definition, plan: PlanDecision.withoutSearch(definition), step: 0,
            pool: ComputePool(threads: threads))
        replica.initialize()
        return replica
    }
}
