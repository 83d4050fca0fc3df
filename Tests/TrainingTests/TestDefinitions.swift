import Recipe
import TensorCore

@testable import Training

/// Small runs for tests in one process.
enum TestDefinitions {
    /// - Parameters:
    ///   - searchSteps: 0 trains the plain network.
    ///   - others: further lines of the recipe.
    static func make(
        _ network: String = "resnet20", searchSteps: Int = 0, width: Int = 2, batch: Int = 64,
        shard: Int = 16,
        epochs: Int = 1, trainCount: Int = 256, _ others: String = ""
    ) throws -> RunDefinition {
        let shrink = """

            shrink:
              width: \(width)
              embedding: 2
              steps: \(searchSteps)
              budget:
                ratio: 0.5

            """
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
                    """ + (searchSteps > 0 ? shrink : ""), file: "test"))
    }

    /// A replica with the recipe's first weights.
    static func replica(_ definition: RunDefinition, threads: Int = 1) throws -> Replica {
        let replica = try Replica(definition, plan: nil, step: 0, pool: ComputePool(threads: threads))
        replica.initialize()
        return replica
    }
}
