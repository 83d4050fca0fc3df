import Foundation
import Testing

extension EndToEnd {
    /// What the commands print, for people and for scripts.
    @Suite(.timeLimit(.minutes(30))) struct ReportTests {
        private func json(_ arguments: String...) async throws -> [String: Any] {
            let outcome = try await ProgramRun(arguments + ["--json"]).end()
            #expect(outcome.ending == .exit(0), "\(outcome.errors)")
            let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
            return try #require(object as? [String: Any])
        }

        private func text(_ arguments: String...) async throws -> String {
            let outcome = try await ProgramRun(arguments).end()
            #expect(outcome.ending == .exit(0), "\(outcome.errors)")
            #expect(outcome.complaints.isEmpty)
            return outcome.output
        }

        /// METHODS 5: ResNet-50 at 224 and 1000 classes, ResNet-56 at 32 and 10.
        @Test(arguments: [
            ("resnet50", 224, 1000, 4_089_184_256, 25_557_032), ("resnet56", 32, 10, 125_747_840, 855_786),
        ])
        func describe(network: String, input: Int, classes: Int, flops: Int, parameters: Int) async throws {
            let options = ["--input", "\(input)", "--classes", "\(classes)"]
            let report = try await json("describe", network, options[0], options[1], options[2], options[3])
            let names: Set = ["published", "conv_linear", "conv_linear_bn"]
            let counts = try ["flops", "parameters"].map { try #require(report[$0] as? [String: Int]) }
            #expect(counts.allSatisfy { Set($0.keys) == names })
            #expect(counts[0]["conv_linear"] == flops)
            #expect(counts[1]["conv_linear_bn"] == parameters)
            #expect(report["network"] as? String == network)
            let table = try await text("describe", network, options[0], options[1], options[2], options[3])
            #expect(table.contains("\(flops)") && table.contains("\(parameters)"))
        }

        @Test func shrink() async throws {
            let training = try Training(.lwDNA)
            let plan = try await json("shrink", training.recipePath)
            let vectors = try #require(plan["vectors"] as? [[String: Any]])
            #expect(vectors.allSatisfy { $0["name"] is String && $0["kept"] is [Int] && $0["length"] is Int })
            for key in ["baseline", "widened", "pruned"] {
                let cost = try #require(plan[key] as? [String: Any])
                #expect(cost["flops"] is [String: Any] && cost["parameters"] is [String: Any])
            }
            // The search alone finds what the whole run does.
            let run = try await Reference.shared.result(.lwDNA).run
            let stored = try Data(contentsOf: URL(filePath: "\(run)/plan.json"))
            let expected = try JSONSerialization.jsonObject(with: stored) as? NSDictionary
            #expect(plan as NSDictionary == expected)
            #expect(try await text("shrink", training.recipePath).contains("layer1.0.conv1"))
        }

        @Test func evaluate() async throws {
            let run = try await Reference.shared.result(.lwDNA).run
            let report = try await json("evaluate", run)
            #expect(report["network"] as? String == "resnet20")
            #expect(report["step"] as? Int == TestRecipe.lwDNA.totalSteps)
            #expect(report["images"] as? Int == 50)
            #expect(report["loss"] is Double && report["top5"] is Double)
            let line = try #require(RunRecord(path: run).metrics.last { $0.evaluation == true })
            #expect(report["top1"] as? Double == line.testTop1)
            #expect(line.testImages == 50)
            let newest = try #require(RunRecord(path: run).checkpoints.last)
            #expect(
                try await text("evaluate", "\(run)/checkpoints/\(newest)", "--threads", "2").contains("top-1")
            )
        }

        @Test func digest() async throws {
            let reference = try await Reference.shared.result(.plain)
            #expect(
                reference.digest.count == 64
                    && reference.digest.allSatisfy { "0123456789abcdef".contains($0) })
            let newest = try #require(RunRecord(path: reference.run).checkpoints.last)
            #expect(try await Training.digest("\(reference.run)/checkpoints/\(newest)") == reference.digest)
        }

        @Test func statusOfAFolder() async throws {
            let run = try await Reference.shared.result(.plain).run
            let report = try await json("status", run)
            #expect(report["network"] as? String == "resnet20")
            #expect(report["phase"] as? String == "converge")
            #expect(report["step"] as? Int == TestRecipe.plain.totalSteps)
            #expect((report["checkpoint"] as? String)?.contains("step-") == true)
            #expect(try await text("status", run).contains("step \(TestRecipe.plain.totalSteps)"))
        }

        @Test func statusOfACoordinator() async throws {
            let cluster = try Cluster(.endless, workers: 2)
            let workers = [try cluster.join(), try cluster.join()]
            try await eventually("a step: \(cluster.coordinator.errors)") {
                !cluster.training.run.ledger.isEmpty
            }
            let report = try await json("status", cluster.endpoint)
            let processes = (report["workers"] as? [[String: Any]])?.compactMap { $0["process"] as? Int }
            #expect(processes?.sorted() == workers.map { Int($0.process) }.sorted())
            #expect(report["stage"] is String)
            #expect(try await text("status", cluster.endpoint).contains("member"))
            cluster.coordinator.signal(15)
            #expect(try await cluster.coordinator.end().ending == .exit(75))
            for worker in workers { #expect(try await worker.end().ending == .exit(0)) }
        }
    }
}
