import ArgumentParser

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure how fast this machine trains, and what it could do at best.",
        subcommands: [BenchStep.self, BenchConvolution.self, BenchRoofline.self, BenchAllReduce.self])
}
