import Foundation
import Hypernet
import ModelZoo
import NeuralNet
import Testing

@Suite("Plans without a search")
struct PlanTests {
    private static func network(_ name: String, width: Double = 2) throws -> Graph {
        try ModelZoo.network(named: name, input: 32, classes: 10, width: width, forHypernetwork: true)
    }

    @Test(
        "uniform: every vector keeps the same share, as much as the budget allows",
        arguments: ["resnet20", "resnet164", "mobilenetv2"],
        [.ratio(0.25), .ratio(1), .flopsOfBaseline(1), .parameters(150_000)] as [Budget])
    func uniform(name: String, budget: Budget) throws {
        let (graph, baseline) = (try Self.network(name), try Self.network(name, width: 1))
        let plan = try Plan(uniform: graph, baseline: baseline, budget: budget)
        let cost = plan.measure == .flops ? plan.pruned.flops.convLinear : plan.pruned.parameters.published
        #expect(plan.isReached && cost <= plan.limit && Double(cost) > 0.93 * Double(plan.limit))
        let prunable = zip(plan.vectors, LatentWiring(graph).vectors).filter(\.1.isPrunable).map(\.0)
        #expect(prunable.allSatisfy { $0.kept == Array(0..<$0.kept.count) && !$0.kept.isEmpty })
        // One share explains all counts: k ≤ s·n < k + 1 for every vector of more than one element.
        let low = prunable.map { Double($0.kept.count) / Double($0.length) }.max() ?? 0
        let high = prunable.map { Double($0.kept.count + 1) / Double($0.length) }.min() ?? 0
        #expect(low < high)
        if budget == .flopsOfBaseline(1) {
            // Half of a network twice as wide is the network.
            #expect(plan.pruned.flops == Complexity(baseline).flops)
        }
        if budget == .ratio(1) { #expect(plan.pruned == plan.widened) }
    }

    @Test("uniform: a budget below one channel each cannot be met")
    func unreachable() throws {
        let graph = try Self.network("resnet20")
        let plan = try Plan(uniform: graph, baseline: graph, budget: .flops(1000))
        #expect(!plan.isReached && plan.shortfall != nil)
        #expect(plan.vectors.dropFirst().allSatisfy { $0.kept == [0] })
    }

    @Test("random: any budget, with floors")
    func random() throws {
        let (graph, baseline) = (try Self.network("resnet20"), try Self.network("resnet20", width: 1))
        let plan = try Plan(
            random: graph, baseline: baseline,
            settings: ShrinkSettings(budget: .flopsOfBaseline(0.9), search: .reference, rho: 0.3), seed: 2)
        #expect(plan.isReached && plan.pruned.flops.convLinear <= plan.limit && plan.step == 0)
        #expect(plan.limit == Int(0.9 * Double(plan.baseline.flops.convLinear)))
        #expect(plan.vectors.dropFirst().allSatisfy { $0.kept.count >= $0.length * 3 / 10 })
    }

    @Test("given: the same plan as the one it was written from")
    func given() throws {
        let graph = try Self.network("mobilenetv2")
        let plan = try Plan(random: graph, baseline: graph, share: 0.5, seed: 1)
        let wishes = plan.vectors.filter { $0.floor < $0.length }
            .map { Plan.Wish(vector: $0.name, kept: .indices($0.kept)) }
        let again = try Plan(given: wishes, of: "mobilenetv2", graph: graph, baseline: graph)
        #expect(again.vectors.map(\.kept) == plan.vectors.map(\.kept))
        #expect(again.layers == plan.layers && again.pruned == plan.pruned && again.isReached)
        #expect(throws: ShrinkError.self) {
            try Plan(given: wishes.dropLast(), of: "mobilenetv2", graph: graph, baseline: graph)
        }
        #expect(throws: ShrinkError.self) {
            try Plan(given: wishes, of: "resnet20", graph: graph, baseline: graph)
        }
    }

    @Test(
        "given: indices must ascend within the vector",
        arguments: [
            .first(0), .first(17), .indices([]), .indices([3, 2]), .indices([1, 1]), .indices([16]),
        ]
            as [Plan.Wish.Kept])
    func givenWrong(kept: Plan.Wish.Kept) throws {
        let graph = SmallNetwork.graph(width: 16)
        let wishes = LatentWiring(graph).vectors.filter(\.isPrunable).enumerated().map {
            Plan.Wish(vector: $1.name, kept: $0 == 1 ? kept : .first(3))
        }
        #expect(throws: ShrinkError.self) {
            try Plan(given: wishes, of: "small", graph: graph, baseline: graph)
        }
    }

    @Test("the file says what each layer keeps, and a list takes one line")
    func file() throws {
        let graph = try Self.network("resnet20")
        let plan = try Plan(random: graph, baseline: graph, share: 0.5, seed: 1)
        let convolutions = Complexity(try Surgery(graph: graph, plan: plan).pruned).layers
            .filter { row in plan.layers.contains { $0.name == row.name } }
        #expect(convolutions.map(\.outChannels) == plan.layers.map(\.channels))
        let first = try #require(plan.layers.first)
        #expect(first.name == "conv1" && first.channels == plan.vectors[1].kept.count && first.of == 32)
        let text = String(decoding: try plan.json(), as: UTF8.self)
        let list = plan.vectors[1].kept.map { "\($0)" }.joined(separator: ", ")
        #expect(text.contains("\"kept\" : [\(list)]"))
        #expect(text.split(separator: "\n").count < 12 * plan.vectors.count + 5 * plan.layers.count + 60)
        #expect(try Plan(json: Data(text.utf8)) == plan)
    }

    @Test("a step that none has is refused", arguments: [-1, 2_000_000_000])
    func badStep(step: Int) throws {
        let graph = SmallNetwork.graph()
        var plan = Plan(keepingAllOf: graph, wiring: LatentWiring(graph))
        plan.step = step
        let json = try plan.json()
        #expect(throws: ShrinkError.self) { try Plan(json: json) }
    }
}
