import Foundation
import TestSupport
import Testing

@testable import NeuralNet

/// Every schedule of golden/schedules.json: what the reference's optimizers ran at, epoch by epoch.
struct ScheduleGoldenTests {
    struct Entry: Decodable, Sendable, CustomTestStringConvertible {
        var name = ""
        var base: Double
        var rates: [Double]

        enum CodingKeys: String, CodingKey {
            case base = "base_lr"
            case rates = "used_lr"
        }

        var testDescription: String { name }

        /// The numbers of the name's first word that begins so: step-150-225, T150, scale4.
        private func numbers(after prefix: String) -> [Int]? {
            guard let start = name.range(of: prefix)?.upperBound else { return nil }
            let digits = name[start...].prefix { $0.isNumber || $0 == "-" || $0 == "_" }
            return digits.split { !$0.isNumber }.compactMap { Int($0) }
        }

        /// Those whose name does not say have the milestones of CIFAR's.
        var milestones: [Int] {
            for prefix in ["step-", "steplr_", "warm_multistep_"] {
                if let found = numbers(after: prefix), !found.isEmpty { return found }
            }
            return name.contains("early_milestone") ? [3, 10] : [150, 225]
        }

        var schedule: LearningRateSchedule {
            if let epochs = numbers(after: "cosine_T")?.first {
                return .cosine(base: Float(base), epochs: epochs)
            }
            return .milestones(base: Float(base), epochs: milestones)
        }

        /// The reference's warm-up of a rate that was scaled with the batch: 5 epochs, by epoch.
        var warmUpScale: Int? { name.hasPrefix("warm_") ? numbers(after: "scale")?.first : nil }
    }

    private struct File: Decodable {
        var schedules: [String: Entry]
    }

    static let entries: [Entry] = {
        guard let file = Golden.file("schedules.json"), let all = try? file.decoded(as: File.self) else {
            return []
        }
        return all.schedules.keys.sorted().map { name in
            var entry = all.schedules[name]!
            entry.name = name
            return entry
        }
    }()

    @Test(arguments: entries) func ratesAreTheReferences(_ entry: Entry) {
        for (epoch, expected) in entry.rates.enumerated() {
            var rate = entry.schedule.preciseRate(epoch: epoch)
            if let scale = entry.warmUpScale, epoch < 5 {
                rate = entry.schedule.preciseRate(warmedUp: Double(epoch) / 5, from: 1 / Double(scale))
            }
            #expect((rate - expected).magnitude <= 1e-12 * expected, "epoch \(epoch): \(rate), \(expected)")
        }
    }
}
