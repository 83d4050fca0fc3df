import ArgumentParser
import Simulation

struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run whole clusters with seeded faults in virtual time, and check every promise.",
        discussion: """
            Each seed is a run of its own: workers and coordinators die, stop, leave and come back, messages \
            are late, lost, doubled and damaged. The same seed gives the same run.

            With --workers it predicts the throughput of such a cluster instead, from measured costs: \
            espalier simulate --workers 1000 --link 1gbit --mtbf 1h --shards 4000 --shard-seconds 2.
            """)

    @Option(help: "How many seeds to try.")
    var seeds = 100

    @Option(help: "The first of them.")
    var firstSeed: UInt64 = 0

    @Option(help: "Only this one.")
    var seed: UInt64?

    @Flag(help: "Print all that happens.")
    var verbose = false

    @OptionGroup(title: "Prediction")
    var prediction: PredictionOptions

    func validate() throws {
        try Limits.check("--seeds", seeds, 1...100_000_000)
        try prediction.validate()
    }

    func run() throws {
        if let costs = try prediction.costs { return try prediction.predict(costs) }
        if let seed { return try replay(seed) }
        var failures = 0
        var faults = 0
        for seed in firstSeed..<firstSeed + UInt64(seeds) {
            do throws(SimulationFailure) {
                let report = try SimulatedCluster.run(SimulationSettings(seed: seed))
                faults += report.faults.values.reduce(0, +)
            } catch {
                failures += 1
                print(error)
            }
        }
        print(
            "\(seeds) seeds, \(faults) faults: \(failures == 0 ? "every promise kept" : "\(failures) fail")")
        if failures > 0 { throw ExitCode.failure }
    }

    private func replay(_ seed: UInt64) throws {
        let cluster = SimulatedCluster(
            SimulationSettings(seed: seed), isVerbose: true, print: verbose ? { print($0) } : nil)
        do throws(SimulationFailure) {
            let report = try cluster.run()
            let faults = report.faults.sorted { $0.key.rawValue < $1.key.rawValue }
            print(
                "seed \(seed): every promise kept; \(report.seconds) s, \(report.events) events, "
                    + "\(report.launches) launches, faults "
                    + faults.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
        } catch {
            print(error)
            throw ExitCode.failure
        }
    }
}
