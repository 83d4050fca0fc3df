import ClusterCore
public import Hypernet
import NeuralNet
import TensorCore

/// The search phase of a recipe in this process alone: what `espalier shrink` shows. The bits are those of a
/// cluster.
public struct LocalSearch {
    private let definition: RunDefinition
    private let threads: Int

    public init(_ definition: RunDefinition, threads: Int) {
        self.definition = definition
        self.threads = threads
    }

    /// Runs the search's steps, if the method has any, and decides the plan.
    /// - Parameters:
    ///   - progress: called after each step with the number of steps done, the step's mean loss, and what
    ///     the last look showed.
    ///   - note: told why a search of unknown length ends.
    public func run(
        progress: (Int, Double, String) -> Void, note: (String) -> Void = { _ in }
    ) throws -> Plan {
        if let plan = try PlanDecision.withoutSearch(definition) { return plan }
        let replica = try Replica(definition, plan: nil, step: 0, pool: ComputePool(threads: threads))
        replica.initialize()
        var look = ""
        while true {
            let metrics = try Self.step(replica)
            let outcome =
                definition.schedule.checkIsDue(after: replica.step) ? try Self.decide(replica) : nil
            if let now = outcome?.look { look = PlanReport.line(now) }
            progress(replica.step, metrics.lossSum / Double(metrics.images), look)
            guard let plan = outcome?.plan else { continue }
            if let reason = outcome?.note { note(reason) }
            return plan
        }
    }

    /// Whether the search ends where a replica is, and how.
    static func decide(_ replica: Replica) throws -> PlanDecision.Outcome {
        let vectors = replica.latentVectors
        return try PlanDecision.decide(
            replica.definition, step: replica.step, latents: vectors.map(\.values),
            gradients: vectors.map(\.gradients))
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
