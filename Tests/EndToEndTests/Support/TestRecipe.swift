import Foundation
import TestSupport

/// A recipe that takes seconds: ResNet-20 on a few synthetic images.
struct TestRecipe: Sendable, CustomStringConvertible {
    /// Trains the network as it is.
    static let plain = TestRecipe(description: "plain", searchSteps: 0, epochs: 1)
    /// Searches, prunes, converges.
    static let lwDNA = TestRecipe(description: "lw-dna", searchSteps: 3, epochs: 1)
    /// A search that takes as long as it takes: 4 steps, with a look at every second.
    static let dhp = TestRecipe(
        description: "dhp", searchSteps: 4, epochs: 1,
        method: "{method: dhp, embedding: 2, steps: 20, check_every: 2, strength: 1, tolerance: 0.1, "
            + "budget: {ratio: 0.5}}")
    /// The same in bf16.
    static let bf16 = TestRecipe(description: "bf16", searchSteps: 3, epochs: 1, precision: "bf16")
    /// The same, long enough for things to happen meanwhile.
    static let long = TestRecipe(description: "long", searchSteps: 3, epochs: 10)
    /// Goes on until something ends it.
    static let endless = TestRecipe(description: "endless", searchSteps: 0, epochs: 100_000)

    static let batch = 64
    private static let stepsPerEpoch = 4

    let description: String
    let searchSteps: Int
    let epochs: Int
    var precision = "fp32"
    /// The section `shrink`; nil: LW-DNA's, if there is a search.
    var method: String?

    var totalSteps: Int { searchSteps + epochs * Self.stepsPerEpoch }

    /// Writes the recipe into a folder.
    /// - Returns: its path.
    func write(to folder: TemporaryFolder) throws -> String {
        let path = folder.path("\(description).yaml")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    var text: String {
        let shrink = """
            shrink:
              width: 2
              embedding: 2
              steps: \(searchSteps)
              budget:
                flops_of_baseline: 0.5

            """
        return """
            network: resnet20
            batch: \(Self.batch)
            shard: 16
            epochs: \(epochs)
            precision: \(precision)
            data:
              format: synthetic
              train_count: \(Self.batch * Self.stepsPerEpoch)
              test_count: 50
            \(method.map { "shrink: \($0)" } ?? (searchSteps > 0 ? shrink : ""))
            """
    }
}
