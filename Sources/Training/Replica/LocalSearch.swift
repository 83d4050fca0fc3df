public import Hypernet
import NeuralNet
import TensorCore

/// The search phase of a recipe in this process alone: what `espalier shrink` shows. The bits are those of a
/// cluster.
public struct LocalSearch {
    private let replica: Replica

    public init(_ definition: RunDefinition, threads: Int) throws {
        replica = try Replica(definition, plan: nil, step: 0, pool: ComputePool(threads: threads))
        replica.initialize()
    }

    /// Runs the search's steps and decides the plan.
    /// - Parameter progress: called after each step with the number of steps done and the step's mean loss.
    public func run(progress: (Int, Double) -> Void) throws -> Plan {
        for step in 0..<replica.definition.searchSteps {
            let metrics = try Self.step(replica)
            progress(step + 1, metrics.lossSum / Double(metrics.images))
        }
        let vectors = replica.latentVectors
        return try PlanDecision.plan(
            replica.definition, latents: vectors.map(\.values), gradients: vectors.map(\.gradients))
    }

    /// One whole step on one replica: all shards, then the update.
    static func step(_ replica: Replica) throws -> StepMetrics {
        var overflows: [Overflow] = []
        repeat {
            overflows = try replica.compute(
                shards: Array(0..<replica.definition.shardsPerStep), overflows: overflows)
        } while !overflows.isEmpty
        return replica.apply(replica.vector)
    }
}

extension Replica {
    /// The next attempt at some shards of the next step, without a cluster.
    /// - Parameter overflows: of the attempt before.
    /// - Returns: what did not fit; ``vector`` is then of no use.
    func compute(shards: [Int], overflows: [Overflow]) throws -> [Overflow] {
        try begin(attempt: attempt.map { $0 + 1 } ?? 0, overflows: overflows)
        var found: [Overflow] = []
        for shard in shards { found += try compute(shard: shard, generation: 0) }
        return Overflow.merged(found)
    }
}
