import Hypernet
import ModelZoo
import NeuralNet
import TensorCore
import Testing

@testable import Training

/// Which features are learnt from a teacher, and what that does to the student's network.
struct FeatureTapTests {
    @Test func bothClassifiersFeaturesAreTaken() throws {
        let student = try ModelZoo.network(named: "resnet20", input: 32, classes: 10)
        let teacher = try ModelZoo.network(named: "resnet56", input: 32, classes: 10, width: 2)
        let tap = try FeatureTap(student: student, teacher: teacher, path: "t")
        let (own, other) = (student.node(named: tap.student), teacher.node(named: tap.teacher))
        for (graph, node) in [(student, own), (teacher, other)] {
            #expect(graph.nodes.contains { $0.operation == .globalAveragePool && $0.inputs == [node] })
        }
        #expect(tap.channels == 128 && teacher.shapes[other].channels == 128)
    }

    @Test func othersAreRefused() throws {
        let student = try ModelZoo.network(named: "resnet20", input: 32, classes: 10)
        let small = try ModelZoo.network(named: "resnet20", input: 16, classes: 10)
        var flat = Graph(name: "flat", channels: 3, height: 32, width: 32)
        flat.add("classifier", .linear(Linear(outFeatures: 10)), 0)
        for (student, teacher, complaint) in [
            (student, small, "t: cannot teach features: its are 4×4, the network's 8×8; take"),
            (student, flat, "t: cannot teach features: flat has no global average pool"),
            (flat, student, "t: cannot teach features: flat has no global average pool"),
        ] {
            let error = #expect(throws: TeacherError.self) {
                try FeatureTap(student: student, teacher: teacher, path: "t")
            }
            #expect(error?.description.hasPrefix(complaint) == true)
        }
    }

    /// The pruned network's weights are those that it would have without an adapter, which starts beside them
    /// from the seed.
    @Test func pruningAddsTheAdapter() throws {
        let plain = try TestDefinitions.make(searchSteps: 1)
        var definition = plain
        let widened = try #require(plain.widened)
        definition.taps = [try FeatureTap(student: widened, teacher: plain.baseline, path: "t")]
        #expect(try definition.graph(plan: nil) == widened)
        let plan = try Plan(uniform: widened, baseline: plain.baseline, budget: .ratio(0.5))
        let surgery = try Surgery(graph: widened, plan: plan)
        let pool = ComputePool(threads: 1)
        let source = try PlainModel(graph: widened, optimizer: plain.optimizer, pool: pool)
        source.initialize(seed: 7)
        let models = try [plain, definition].map { definition in
            let graph = try definition.graph(plan: plan)
            #expect(graph == definition.withAdapters(surgery.pruned))
            let model = try PlainModel(graph: graph, optimizer: definition.optimizer, pool: pool)
            try model.take(source.weights(), of: surgery, seed: 3)
            return model
        }
        var weights: [String: [Float]] = [:]
        for tensor in models[1].layout.tensors {
            weights[tensor.name] = values(tensor, of: models[1])
        }
        let taken = weights.removeValue(forKey: "adapter.0.weight")
        let adapter = try #require(taken)
        #expect(adapter.count % 64 == 0 && adapter.contains { $0 != 0 })
        #expect(weights.count == models[0].layout.tensors.count)
        for tensor in models[0].layout.tensors {
            #expect(weights[tensor.name] == values(tensor, of: models[0]), "\(tensor.name)")
        }
    }

    private func values(_ tensor: StateLayout.Tensor, of model: PlainModel) -> [Float] {
        (0..<tensor.count).map { model.state[tensor.offset + $0] }
    }
}
