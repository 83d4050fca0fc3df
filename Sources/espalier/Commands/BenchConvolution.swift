import ArgumentParser
import Bench
import Foundation
import ModelZoo
import Observe

struct BenchConvolution: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convolution",
        abstract: "Time each pass of a network's convolutions by every path it could take, on one thread.",
        discussion: """
            On data that comes out of memory, as in a step. A star marks the path that training takes. \
            Known networks: \(ModelZoo.names.joined(separator: ", ")).
            """)

    @Argument(help: "The network's name.")
    var network: String

    @Option(help: "Side of the square input images, in pixels.")
    var input = 224

    @Option(help: "Images of a call.")
    var images = 2

    @Option(help: "Number format of activations and convolutions.")
    var precision = StepSettings.Precision.fp32

    @Option(help: "Widen every layer so many times.")
    var width = 1.0

    @Option(help: "Share of the FLOPs to keep in a network pruned at random.")
    var keep: Double?

    @Option(help: "Seconds of each measurement.")
    var seconds = 0.05

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        try Limits.check("--images", images, 1...1024)
        if let keep { try Limits.check(keep: keep) }
    }

    func run() throws {
        let bench = try ConvolutionBench(
            network: network, input: input, images: images, width: width, keep: keep,
            precision: precision, seconds: seconds)
        var rows: [ConvolutionRow] = []
        try bench.run { rows.append($0) }
        print(json ? try JSONOutput.text(rows) : Self.text(rows))
    }

    private static func text(_ rows: [ConvolutionRow]) -> String {
        var table = TextTable([
            ("layer", .left), ("pass", .left), ("", .left), ("code", .left), ("GFLOP/s", .right),
            ("GB/s", .right), ("geometry", .left),
        ])
        for row in rows {
            table.add([
                row.layer, row.pass.rawValue.replacingOccurrences(of: "_", with: " "),
                row.isChosen ? "*" : "", row.implementation, String(format: "%.1f", row.gflops),
                String(format: "%.1f", row.gbPerSecond), row.geometry,
            ])
        }
        return "\(table)"
    }
}
