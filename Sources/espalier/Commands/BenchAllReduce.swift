import ArgumentParser
import Bench
import Foundation
import Observe

struct BenchAllReduce: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "allreduce",
        abstract: "Measure the all-reduce of gradients: bytes, seconds, processor time.")

    @Option(help: "Parameters of the network; several by commas.")
    var parameters = "270000,11700000,25600000"

    @Option(help: "Workers; several by commas.")
    var workers = "2,4"

    @Option(help: "gradient_bits; several by commas.")
    var bits = "24,16"

    @Option(help: "All-reduces of each kind.")
    var rounds = 10

    @Option(help: "What each worker's link takes: 1gbit, 100mbit; by default as much as this machine can.")
    var link: String?

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        _ = try (list(parameters, "--parameters", 1...1_000_000_000), list(workers, "--workers", 2...64))
        _ = try list(bits, "--bits", 8...30)
        try Limits.check("--rounds", rounds, 1...100_000)
        _ = try rate
    }

    private func list(_ text: String, _ name: String, _ range: ClosedRange<Int>) throws -> [Int] {
        try text.split(separator: ",").map { part in
            guard let value = Int(part) else {
                throw ValidationError("\(name) has \"\(part)\"; give whole numbers, by commas")
            }
            try Limits.check(name, value, range)
            return value
        }
    }

    private var rate: Double? {
        get throws { try link.map(LinkRate.bytesPerSecond) }
    }

    func run() throws {
        var reports: [AllReduceReport] = []
        for elements in try list(parameters, "--parameters", 1...1_000_000_000) {
            for count in try list(workers, "--workers", 2...64) {
                for bits in try list(bits, "--bits", 8...30) {
                    reports.append(try report(elements, count, bits, coded: true))
                }
                reports.append(try report(elements, count, 24, coded: false))
            }
        }
        print(json ? try JSONOutput.text(reports) : Self.text(reports))
        guard reports.allSatisfy(\.isExact) else {
            Say.error("bench allreduce: a worker gathered a wrong sum")
            throw ExitCode.failure
        }
    }

    private func report(_ elements: Int, _ workers: Int, _ bits: Int, coded: Bool) throws -> AllReduceReport {
        try AllReduceBench.run(
            AllReduceSettings(
                elements: elements, workers: workers, bits: bits, rounds: rounds, rate: try rate,
                isCoded: coded))
    }

    private static func text(_ reports: [AllReduceReport]) -> String {
        var table = TextTable([
            ("parameters", .right), ("workers", .right), ("code", .left), ("ms", .right),
            ("ms of a processor", .right), ("MB sent by each", .right), ("of fp32", .right),
        ])
        for report in reports {
            table.add([
                Show.count(report.elements), "\(report.workers)",
                report.coded ? "\(report.bits) bits" : "uncoded", Show.decimals(report.seconds * 1e3, 1),
                Show.decimals(report.cpuSeconds * 1e3, 1), Show.decimals(Double(report.bytesSent) / 1e6, 2),
                Show.decimals(Double(report.bytesSent) / Double(report.bytesUncoded), 2),
            ])
        }
        return table.description
    }
}
