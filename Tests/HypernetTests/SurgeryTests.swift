import Hypernet
import ModelZoo
import NeuralNet
import TestSupport
import Testing

@Suite("Surgery")
struct SurgeryTests {
    /// Weights that tell where they come from: the position in their tensor, and the tensor.
    private func marked(_ layout: ParameterLayout) -> [Float] {
        layout.tensors.enumerated().flatMap { index, tensor in
            (0..<tensor.count).map { Float(index * 10_000 + $0) }
        }
    }

    @Test("everything that follows the channels is sliced, nothing else")
    func slices() throws {
        let graph = SmallNetwork.separable(width: 6)
        var plan = Plan(keepingAllOf: graph, wiring: LatentWiring(graph))
        plan.vectors[1].kept = [1, 4, 5]
        plan.vectors[3].kept = [0, 7]
        let surgery = try Surgery(graph: graph, plan: plan)
        let weights = marked(surgery.before)
        var pruned = [Float](repeating: -1, count: surgery.after.count)
        surgery.prune(weights: weights, into: &pruned)
        func expect(_ name: String, shape: [Int], _ indices: [Int]) throws {
            let old = try #require(surgery.before[name])
            let new = try #require(surgery.after[name])
            #expect(new.shape == shape, "\(name)")
            #expect(Array(pruned[new.range]) == indices.map { weights[old.offset + $0] }, "\(name)")
        }
        try expect("conv1.weight", shape: [3, 3, 3, 3], [1, 4, 5].flatMap { Array($0 * 27..<$0 * 27 + 27) })
        try expect("conv1.bias", shape: [3], [1, 4, 5])
        try expect(
            "depthwise.weight", shape: [3, 1, 3, 3], [1, 4, 5].flatMap { Array($0 * 9..<$0 * 9 + 9) })
        for part in ["weight", "bias", "running_mean", "running_var"] {
            try expect("bn1.\(part)", shape: [3], [1, 4, 5])
        }
        try expect("point.weight", shape: [2, 3, 1, 1], [1, 4, 5, 43, 46, 47])
        try expect("fc.weight", shape: [4, 2], [0, 7, 8, 15, 16, 23, 24, 31])
        try expect("fc.bias", shape: [4], [0, 1, 2, 3])
        guard case .convolution(let depthwise) = surgery.pruned.nodes[2].operation else { return }
        #expect(depthwise.groups == 3)
    }

    @Test("a plan that keeps everything changes nothing")
    func identity() throws {
        let graph = SmallNetwork.graph()
        let surgery = try Surgery(graph: graph, plan: Plan(keepingAllOf: graph, wiring: LatentWiring(graph)))
        let weights = marked(surgery.before)
        var pruned = [Float](repeating: -1, count: surgery.after.count)
        surgery.prune(weights: weights, into: &pruned)
        #expect(surgery.pruned == graph)
        #expect(pruned == weights)
    }

    @Test(
        "a plan that is not the network's is refused",
        arguments: [
            { $0.vectors.removeLast() }, { $0.vectors[1].name = "conv9" }, { $0.vectors[1].length = 9 },
            { $0.vectors[1].kept = [] }, { $0.vectors[1].kept = [2, 1] }, { $0.vectors[1].kept = [1, 1] },
            { $0.vectors[1].kept = [-1, 2] }, { $0.vectors[1].kept = [0, 8] },
            { $0.vectors[0].kept = [0, 1] },
        ] as [@Sendable (inout Plan) -> Void])
    func refused(change: @Sendable (inout Plan) -> Void) {
        let graph = SmallNetwork.graph()
        var plan = Plan(keepingAllOf: graph, wiring: LatentWiring(graph))
        change(&plan)
        #expect(throws: ShrinkError.self) { try Surgery(graph: graph, plan: plan) }
    }

    @Test("depthwise convolutions have as many groups as their input keeps channels")
    func depthwiseGroups() throws {
        let graph = try ModelZoo.network(named: "mobilenetv2", input: 32, classes: 10, width: 0.5)
        var plan = Plan(keepingAllOf: graph, wiring: LatentWiring(graph))
        for (index, vector) in LatentWiring(graph).vectors.enumerated() where vector.isPrunable {
            // Odd counts, other ones for each vector.
            plan.vectors[index].kept = (0..<vector.length).filter { ($0 * 7 + index) % 5 != 0 }
        }
        let pruned = try Surgery(graph: graph, plan: plan).pruned
        var depthwise = 0
        for (index, node) in pruned.nodes.enumerated() {
            guard case .convolution(let convolution) = node.operation, convolution.groups > 1 else {
                continue
            }
            depthwise += 1
            let inputs = pruned.shapes[node.inputs[0]].channels
            #expect(convolution.groups == inputs && convolution.outChannels == inputs, "\(node.name)")
            #expect(inputs < graph.shapes[index].channels, "\(node.name)")
        }
        #expect(depthwise == 17)
        #expect(Complexity(pruned).layers.count { $0.kind == .depthwise } == 17)
    }
}
