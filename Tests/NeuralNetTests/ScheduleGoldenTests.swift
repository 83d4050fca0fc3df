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

    /// Rates of two groups of parameters, which the reference's fine-tuning has in closed form: a step
    /// schedule of another base for each, or the middle of a cosine.
    struct Groups: Decodable, Sendable, CustomTestStringConvertible {
        var name = ""
        var rates: [[Double]]

        enum CodingKeys: String, CodingKey {
            case rates = "get_lr"
        }

        var testDescription: String { name }

        func expected(group: Int, epoch: Int) -> Double {
            guard name.hasPrefix("cosine") else {
                // CIFAR's milestones; the bases are off by what their groups have been pruned.
                let steps = LearningRateSchedule.milestones(base: 1, epochs: [150, 225])
                return rates[0][group] * steps.preciseRate(epoch: epoch)
            }
            // From the 72nd of 150 epochs on; behind the end the reference's rate goes up again.
            let place = epoch + 72
            return LearningRateSchedule.cosine(base: 0.05, epochs: 150)
                .preciseRate(epoch: place <= 150 ? place : 300 - place)
        }
    }

    private struct GroupsFile: Decodable {
        var groups: [String: Groups]?

        enum CodingKeys: String, CodingKey {
            case groups = "two_group_get_lr"
        }
    }

    /// Only the larger set of values has them.
    static let groups: [Groups] = {
        let file = Golden.file("schedules.json")
        let all = (try? file?.decoded(as: GroupsFile.self))??.groups ?? [:]
        return all.keys.sorted().map { name in
            var entry = all[name]!
            entry.name = name
            return entry
        }
    }()

    @Test(arguments: groups) func groupsGoByTheSchedules(_ entry: Groups) {
        for (epoch, rates) in entry.rates.enumerated() {
            for (group, rate) in rates.enumerated() {
                let expected = entry.expected(group: group, epoch: epoch)
                #expect((rate - expected).magnitude <= 1e-12, "epoch \(epoch), group \(group)")
            }
        }
    }
}
