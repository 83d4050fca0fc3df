import Hypernet
import ModelZoo
import NeuralNet
import Testing

@Suite("Random plans")
struct RandomPlanTests {
    private static func network(_ name: String) throws -> Graph {
        try ModelZoo.network(named: name, input: 64, classes: 200, forHypernetwork: true)
    }

    private static func plan(_ name: String, share: Double, seed: UInt64) throws -> Plan {
        let graph = try network(name)
        return try Plan(random: graph, baseline: graph, share: share, seed: seed)
    }

    @Test(
        "cost what was asked for, from below", arguments: ["resnet20", "resnet50", "mobilenetv2"],
        [0.25, 0.5, 0.75])
    func share(name: String, share: Double) throws {
        let plan = try Self.plan(name, share: share, seed: 1)
        let cost = Double(plan.pruned.flops.convLinear) / Double(plan.widened.flops.convLinear)
        #expect(plan.isReached)
        #expect(cost <= share && cost > share - 0.02)
    }

    @Test("every vector keeps a share of its own, and odd numbers of channels")
    func uneven() throws {
        let plan = try Self.plan("mobilenetv2", share: 0.5, seed: 1)
        let cut = plan.vectors.filter { $0.kept.count < $0.length }
        let shares = cut.map { Double($0.kept.count) / Double($0.length) }
        #expect(cut.count > 20)
        #expect(try #require(shares.max()) - #require(shares.min()) > 0.3)
        #expect(cut.count { $0.kept.count % 2 == 1 } > 4)
        #expect(plan.vectors.allSatisfy { $0.kept.count >= min(4, $0.length) })
    }

    @Test("the same seed gives the same plan, another seed another one")
    func seed() throws {
        let plans = try [1, 1, 2].map { try Self.plan("resnet20", share: 0.5, seed: $0) }
        #expect(plans[0] == plans[1])
        #expect(plans[0] != plans[2])
    }

    @Test("a share of nothing or of more than everything is refused", arguments: [0, -1, 1.5, .nan])
    func refused(share: Double) {
        #expect(throws: ShrinkError.self) { try Self.plan("resnet20", share: share, seed: 1) }
    }
}
