import ArgumentParser
import Bench
import Foundation
import Observe

struct BenchRoofline: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roofline",
        abstract: "Measure this machine's peak arithmetic and memory bandwidth, one thread and all.")

    @Option(help: "Compute threads; by default one for each processor.")
    var threads: Int?

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        if let threads { try Limits.check("--threads", threads, Limits.threads) }
    }

    func run() throws {
        let roofline = try Roofline(threads: threads ?? ProcessInfo.processInfo.activeProcessorCount)
        print(json ? try JSONOutput.text(roofline) : Self.text(roofline))
    }

    private static func text(_ roofline: Roofline) -> String {
        var table = TextTable([
            ("", .left), ("1 thread", .right), ("\(roofline.all.threads) threads", .right),
        ])
        let rows: [(String, KeyPath<Roofline.Rates, Double>)] = [
            ("multiply-add, GFLOP/s", \.fmaGflops), ("sgemm, GFLOP/s", \.sgemmGflops),
            ("convolution, GFLOP/s", \.convolutionGflops), ("read, GB/s", \.readGbPerSecond),
            ("write, GB/s", \.writeGbPerSecond), ("triad, GB/s", \.triadGbPerSecond),
        ]
        if roofline.all.matrixUnitGflops > 0 {
            let (one, all) = (roofline.one.matrixUnitGflops, roofline.all.matrixUnitGflops)
            table.add(["matrix unit in bf16, GFLOP/s", Self.one(one), Self.one(all)])
        }
        for (name, path) in rows {
            table.add([name, one(roofline.one[keyPath: path]), one(roofline.all[keyPath: path])])
        }
        return "oneDNN uses \(roofline.instructionLevel), OpenBLAS \(roofline.denseAlgebraCore)\n\(table)"
    }

    private static func one(_ value: Double) -> String { String(format: "%.1f", value) }
}
