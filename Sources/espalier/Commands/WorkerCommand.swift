import ArgumentParser
import ClusterCore
import Foundation
import Training

struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Work for a coordinator.")

    @Option(help: "The coordinator: tcp://HOST:PORT.")
    var join: String

    @Option(help: "Compute threads; by default one for each processor.")
    var threads: Int?

    @Option(help: "Seconds without a word from the coordinator after which it is taken for dead.")
    var timeout = 30.0

    @Option(help: "Seconds to wait for a coordinator that is gone to come back.")
    var patience = 600.0

    @Option(help: "Seconds that leaving may take after SIGTERM.")
    var grace = 30.0

    @Option(help: "Code blocks for other workers: auto (not for those on this machine), on or off.")
    var coding = "auto"

    @Flag(help: ArgumentHelp("A child of espalier train.", visibility: .hidden))
    var local = false

    func validate() throws {
        if let threads { try Limits.check("--threads", threads, Limits.threads) }
        guard WireCoding(rawValue: coding) != nil else {
            throw ValidationError("--coding is \(coding); it must be auto, on or off")
        }
        try Limits.check("--timeout", seconds: timeout, 0.5...86_400)
        try Limits.check("--patience", seconds: patience, 0...Limits.patienceMax)
        try Limits.check("--grace", seconds: grace, 0...86_400)
    }

    func run() throws {
        let driver = try WorkerDriver(
            WorkerOptions(
                join: join, threads: threads ?? ProcessInfo.processInfo.activeProcessorCount,
                timeout: .seconds(timeout), patience: .seconds(patience), grace: .seconds(grace),
                coding: WireCoding(rawValue: coding) ?? .auto, isLocal: local, version: Espalier.version))
        switch try driver.run() {
        case .done(let reason):
            if !local { print("worker: \(reason)") }
        case .failed(let reason):
            // Local workers' failures are the coordinator's to tell.
            if !local { Say.error(reason) }
            throw ExitCode.failure
        }
    }
}
