import Foundation
import Testing

/// The files of a run's folder.
struct RunRecord {
    struct LedgerLine: Decodable, Equatable {
        let step: Int
        let phase: String
        let firstSample: Int
        let samples: Int
    }

    struct MetricsLine: Decodable {
        let step: Int
        let evaluation: Bool?
        let searchCheck: Bool?
        let bytesSent: Int?
        let bytesUncoded: Int?
        let testTop1: Double?
        let testImages: Int?
    }

    let path: String

    /// None while there is no ledger.
    var ledger: [LedgerLine] { lines("ledger.jsonl") }
    var metrics: [MetricsLine] { lines("metrics.jsonl") }

    /// Names of the checkpoints' folder's entries, hidden ones too, in order.
    var checkpoints: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(path)/checkpoints")) ?? []).sorted()
    }

    /// The phase that the newest checkpoint is in.
    var newestPhase: String? {
        guard let newest = checkpoints.last,
            let data = FileManager.default.contents(atPath: "\(path)/checkpoints/\(newest)/manifest.json"),
            let manifest = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
        else { return nil }
        return manifest["phase"] as? String
    }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }

    private func lines<Line: Decodable>(_ name: String) -> [Line] {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let text = (try? String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { try? decoder.decode(Line.self, from: Data($0.utf8)) }
    }

    /// Every step was committed once, with exactly its own samples, and nothing unfinished is left.
    func expectWhole(_ recipe: TestRecipe, steps: Int, at location: SourceLocation = #_sourceLocation) {
        let expected = (1...steps).map { step in
            LedgerLine(
                step: step, phase: step <= recipe.searchSteps ? "search" : "converge",
                firstSample: (step - 1) * TestRecipe.batch, samples: TestRecipe.batch)
        }
        #expect(ledger == expected, sourceLocation: location)
        let stepLines = metrics.filter { $0.evaluation == nil && $0.searchCheck == nil }
        #expect(stepLines.map(\.step) == Array(1...steps), sourceLocation: location)
        #expect(
            stepLines.allSatisfy { $0.bytesSent != nil && $0.bytesUncoded != nil }, sourceLocation: location)
        #expect(exists("recipe.yaml"), sourceLocation: location)
        #expect(exists("plan.json") == (recipe.searchSteps > 0), sourceLocation: location)
        #expect(checkpoints.last == "step-" + String("0000000\(steps)".suffix(8)), sourceLocation: location)
        #expect(checkpoints.allSatisfy { $0.hasPrefix("step-") }, sourceLocation: location)
        expectTidy(at: location)
    }

    /// No temporary files anywhere in the folder.
    func expectTidy(at location: SourceLocation = #_sourceLocation) {
        let known: Set = [
            "recipe.yaml", "metrics.jsonl", "ledger.jsonl", "plan.json", "checkpoints", "lock", "launches",
            "model.safetensors",
            "optimizer.safetensors", "manifest.json", "latents.json", "plots", "channels.svg", "latents.svg",
            "search.svg", "training.svg",
        ]
        let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        let others = names.map { $0.split(separator: "/").last.map(String.init) ?? "" }
            .filter { !known.contains($0) && !$0.hasPrefix("step-") }
        #expect(others.isEmpty, sourceLocation: location)
    }
}
