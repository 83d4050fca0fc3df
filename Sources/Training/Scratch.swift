import ClusterCore
import NeuralNet
import Recipe
import TensorCore
import Hypernet
public func scratchTrain(_ text: String, threads: Int) throws {
    let recipe = try Recipe(path: text)
    let definition = try RunDefinition(recipe)
    let pool = ComputePool(threads: threads)
    let replica = try Replica(definition, plan: nil, step: 0, pool: pool)
    replica.initialize()
    let schedule = definition.schedule
    let clock = ContinuousClock()
    var start = clock.now
    var images = 0
    print("slice", Executor.sliceSize(for: try definition.graph(plan: nil), shard: recipe.shard), "steps", schedule.totalSteps)
    for step in 0..<schedule.totalSteps {
        if step == definition.searchSteps, recipe.shrink != nil {
            let v = replica.latentVectors
            let plan = try PlanDecision.plan(definition, latents: v.map(\.values), gradients: v.map(\.gradients))
            print(plan.vectors.map { "\($0.name) \($0.kept.count)/\($0.length)" }, plan.pruned.flops, plan.baseline.flops, plan.pruned.parameters, plan.baseline.parameters, plan.isReached)
            try replica.reshape(plan)
            print("search took", clock.now - start); start = clock.now
        }
        let m = try LocalSearch.step(replica)
        images += recipe.batch
        if (step + 1) % 25 == 0 { print(step + 1, m.lossSum / Double(m.images), Double(m.top1) / Double(m.images), Double(images) / (clock.now - start).seconds2) }
        if step + 1 > definition.searchSteps, (step + 1 - definition.searchSteps) % definition.steps(epochs: 1) == 0 {
            let c = try replica.evaluate(shards: Array(0..<schedule.evaluationShards))
            print("epoch", (step + 1 - definition.searchSteps) / definition.steps(epochs: 1), "test", Double(c.top1) / Double(c.images), c.lossSum / Double(c.images), clock.now - start)
        }
    }
    print(replica.digest())
}
extension Duration { var seconds2: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 } }
