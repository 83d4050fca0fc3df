import Hypernet
import ModelZoo
import NeuralNet
import Testing

@testable import Training

struct PlanReportTests {
    @Test(arguments: ["resnet20", "mobilenetv2", "regnety-200mf", "densenet100-bc"])
    func everyPrunableVectorOnceInNarrowLines(name: String) throws {
        let graph = try ModelZoo.network(
            named: name, input: 32, classes: 10, width: 2, forHypernetwork: true)
        let plan = try Plan(random: graph, baseline: graph, share: 0.3, seed: 1)
        let lines = PlanReport.text(plan).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= 110 })
        let vectors = LatentWiring(graph).vectors
        for (vector, planned) in zip(vectors, plan.vectors) {
            #expect(planned.importance.count == 5)
            #expect(planned.importance == planned.importance.sorted())
            let rows = lines.filter { $0.hasPrefix("\(vector.name) ") }
            #expect(rows.count == (vector.isPrunable ? 1 : 0), "\(vector.name)")
            guard let row = rows.first else { continue }
            let cells = row.split(separator: " ")
            #expect(cells[1] == "\(planned.kept.count)")
            let width = vector.channelsPerElement
            #expect(cells[2] == "\(vector.length)" + (width > 1 ? "×\(width)" : ""))
            #expect(
                cells.contains("floor")
                    == (planned.kept.count == planned.floor && planned.floor < vector.length))
        }
    }

    /// A plan from elsewhere has no importances.
    @Test func withoutImportances() throws {
        let graph = try ModelZoo.network(named: "resnet20", input: 32, classes: 10, forHypernetwork: true)
        let plan = try Plan(uniform: graph, baseline: graph, budget: .ratio(0.5))
        #expect(PlanReport.text(plan).contains("layer3.2.conv1"))
    }
}
