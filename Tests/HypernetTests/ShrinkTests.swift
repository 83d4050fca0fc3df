import Foundation
import Hypernet
import ModelZoo
import NeuralNet
import Randomness
import Testing

@Suite("Shrinking to a budget")
struct ShrinkTests {
    private static func network(_ width: Double = 2, form: Bool = true) throws -> Graph {
        try ModelZoo.network(named: "resnet20", input: 32, classes: 10, width: width, forHypernetwork: form)
    }

    private static func noise(_ wiring: LatentWiring, scale: Double = 1) -> [[Float]] {
        wiring.vectors.enumerated().map { index, vector in
            let random = CounterRandom(seed: 9, stream: CounterRandom.stream("importance", index))
            return (0..<vector.length).map { Float(random.normal(UInt64($0)) * scale) }
        }
    }

    private static func plan(
        _ settings: ShrinkSettings, scale: Double = 1, change: (inout [[Float]]) -> Void = { _ in }
    ) throws -> Plan {
        let graph = try network()
        let wiring = LatentWiring(graph)
        var gradients = noise(wiring, scale: scale)
        change(&gradients)
        return try Plan(
            shrinking: graph, baseline: try network(1, form: false), latents: noise(wiring),
            gradients: gradients,
            settings: settings)
    }

    @Test(
        "meets each kind of budget from below, within one channel's cost",
        arguments: [
            .ratio(0.23), .ratio(1), .flops(40_000_000), .flopsOfBaseline(0.9), .flopsOfBaseline(1),
            .parameters(200_000),
        ] as [Budget])
    func budgets(_ budget: Budget) throws {
        let plan = try Self.plan(ShrinkSettings(budget: budget, rho: 0.1, tau: 0.4))
        let cost = plan.measure == .flops ? plan.pruned.flops.convLinear : plan.pruned.parameters.published
        #expect(plan.isReached)
        #expect(plan.shortfall == nil)
        #expect(cost <= plan.limit)
        #expect(Double(cost) > 0.97 * Double(plan.limit))
        if budget == .flopsOfBaseline(1) { #expect(plan.limit == plan.baseline.flops.convLinear) }
        if budget == .ratio(1) { #expect(plan.pruned == plan.widened) }
    }

    @Test("the exact search does not depend on the importances' scale")
    func scaleFree() throws {
        let settings = ShrinkSettings(budget: .ratio(0.3), rho: 0.1)
        let kept = try [1, 0x1p-40, 0x1p40].map { try Self.plan(settings, scale: $0).vectors.map(\.kept) }
        #expect(kept[0] == kept[1])
        #expect(kept[0] == kept[2])
    }

    @Test("one more rank would break the budget")
    func exactIsTight() throws {
        let graph = try Self.network()
        let wiring = LatentWiring(graph)
        let settings = ShrinkSettings(budget: .ratio(0.3), rho: 0.1)
        let rule = try KeepRule(
            importances: Importance.magnitude.values(latents: Self.noise(wiring), gradients: []),
            vectors: wiring.vectors, settings: settings)
        let model = CostModel(graph, wiring, measure: .flops)
        let widened = model.cost(wiring.vectors.map(\.length))
        let limit = widened * 3 / 10
        let outcome = ThresholdSearch(rule: rule, model: model, widened: widened).exact(limit: limit)
        let index = try #require(rule.candidates.firstIndex(of: Float(outcome.threshold)))
        #expect(outcome.cost <= limit)
        #expect(model.cost(rule.counts(rule.candidates[index - 1])) > limit)
        #expect(outcome.trials.count < 16)
        #expect(outcome.kept.map(\.count) == rule.counts(Float(outcome.threshold)))
    }

    @Test("costs as a sum of products are those of the pruned graph", arguments: [0.9, 0.5, 0.2])
    func costModel(ratio: Double) throws {
        let mobile = try ModelZoo.network(named: "mobilenetv2", input: 32, classes: 10, width: 0.25)
        for graph in [try Self.network(), SmallNetwork.separable(), mobile] + WiredNetwork.all {
            let wiring = LatentWiring(graph)
            let plan = try Plan(
                shrinking: graph, baseline: graph, latents: Self.noise(wiring), gradients: Self.noise(wiring),
                settings: ShrinkSettings(budget: .ratio(ratio), rho: 0))
            let counts = plan.vectors.map(\.kept.count)
            let complexity = Complexity(try Surgery(graph: graph, plan: plan).pruned)
            #expect(CostModel(graph, wiring, measure: .flops).cost(counts) == complexity.flops.convLinear)
            #expect(
                CostModel(graph, wiring, measure: .parameters).cost(counts) == complexity.parameters.published
            )
        }
    }

    @Test("floors that make the budget unreachable are said, and how near it came")
    func unreachable() throws {
        let plan = try Self.plan(ShrinkSettings(budget: .ratio(0.05), rho: 0.5))
        #expect(!plan.isReached)
        let shortfall = try #require(plan.shortfall)
        #expect(shortfall.contains("\(plan.pruned.flops.convLinear) flops"))
        #expect(shortfall.contains("\(plan.limit)"))
        for vector in plan.vectors.dropFirst() { #expect(vector.kept.count == vector.length / 2) }
    }

    @Test("floors: rho, tau for the classifier's vector, min_channels where rho is unset")
    func floors() throws {
        let wiring = LatentWiring(try Self.network())
        let classifier = try #require(wiring.vectors.firstIndex { $0.feedsClassifier })
        func floors(_ settings: ShrinkSettings) throws -> [Int] {
            try Self.plan(settings).vectors.map(\.floor)
        }
        let plain = try floors(ShrinkSettings(budget: .ratio(0.5)))
        #expect(plain[0] == 3)
        #expect(plain.dropFirst().allSatisfy { $0 == 4 })
        let both = try floors(ShrinkSettings(budget: .ratio(0.5), rho: 0.1, tau: 0.45))
        #expect(both[classifier] == 57)
        #expect(both[1] == 3)
        let kept = try Self.plan(ShrinkSettings(budget: .ratio(0.6), rho: 0.1, keepsClassifierInput: true))
        #expect(kept.vectors[classifier].kept.count == 128)
    }

    @Test("tau is a floor of all that the classifier reads side by side, rho one of each")
    func commonFloor() throws {
        let graph = WiredNetwork.dense()
        let wiring = LatentWiring(graph)
        // The classifier reads 6 + 4 + 4 channels; the first slice's are the most important, then the last's.
        let importances = wiring.vectors.enumerated().map { index, vector in
            (0..<vector.length).map { Float($0) + [0, 0, 0, 0, 20, 0, 10][index] }
        }
        func kept(_ tau: Double?) throws -> [Int] {
            let plan = try Plan(
                shrinking: graph, baseline: graph, latents: importances, gradients: [],
                settings: ShrinkSettings(budget: .flops(1), importance: .magnitude, rho: 0.25, tau: tau))
            #expect(plan.vectors.map(\.kept.count) == plan.vectors.map(\.floor))
            return plan.vectors.map(\.kept.count)
        }
        #expect(try kept(nil) == [3, 1, 1, 1, 1, 1, 1])
        #expect(try kept(0.3) == [3, 1, 1, 1, 4, 1, 1])
        #expect(try kept(0.6) == [3, 1, 1, 1, 6, 1, 2])
        #expect(try kept(1) == [3, 1, 1, 1, 6, 4, 4])
    }

    @Test("min_channels counts channels, also where groups repeat the vector", arguments: [1, 4, 7])
    func channelFloor(channels: Int) throws {
        for pruning in GroupPruning.allCases {
            let vectors = LatentWiring(WiredNetwork.grouped(pruning)).vectors.filter(\.isPrunable)
            let settings = ShrinkSettings(budget: .flops(1), minChannels: channels)
            let rule = try KeepRule(
                importances: vectors.map { (0..<$0.length).map { Float($0) } }, vectors: vectors,
                settings: settings)
            for (vector, count) in zip(vectors, rule.counts(.infinity)) {
                let least = (channels - 1) / vector.channelsPerElement + 1
                #expect(count == min(least, vector.length), "\(vector.name)")
            }
        }
    }

    @Test("ties stay together; a vector of equal importances stays whole")
    func ties() throws {
        let plan = try Self.plan(ShrinkSettings(budget: .ratio(0.5), rho: 0.1)) { gradients in
            gradients[2] = gradients[2].map { _ in 0 }
        }
        #expect(plan.vectors[2].kept.count == plan.vectors[2].length)
    }

    @Test("a diverged search is refused by the vector's name", arguments: [Float.nan, .infinity])
    func diverged(value: Float) {
        #expect(throws: ShrinkError.importance(vector: "layer1.0.conv1")) {
            try Self.plan(ShrinkSettings(budget: .ratio(0.5))) { $0[2][1] = value }
        }
    }

    @Test(
        "settings out of range are refused",
        arguments: [
            ShrinkSettings(budget: .ratio(0)), ShrinkSettings(budget: .ratio(1.5)),
            ShrinkSettings(budget: .ratio(.nan)),
            ShrinkSettings(budget: .flops(0)), ShrinkSettings(budget: .flopsOfBaseline(-1)),
            ShrinkSettings(budget: .flopsOfBaseline(.infinity)), ShrinkSettings(budget: .parameters(-3)),
            ShrinkSettings(budget: .ratio(0.5), rho: 1.1), ShrinkSettings(budget: .ratio(0.5), tau: .nan),
            ShrinkSettings(budget: .ratio(0.5), minChannels: 0),
        ])
    func refused(_ settings: ShrinkSettings) {
        #expect(throws: ShrinkError.self) { try Self.plan(settings) }
    }

    @Test("a plan goes through JSON unchanged, the same bytes each time")
    func json() throws {
        let plan = try Self.plan(ShrinkSettings(budget: .ratio(0.3), rho: 0.1))
        let json = try plan.json()
        #expect(try Plan(json: json) == plan)
        #expect(try Plan(json: json).json() == json)
    }
}
