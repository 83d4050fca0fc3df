import ArgumentParser
import Training

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show how far a run is: from its folder, or from its coordinator.")

    @Argument(help: "A run's folder, or its coordinator's address tcp://HOST:PORT.")
    var target: String

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let status =
            try target.contains("://") ? StatusReport(asking: target) : StatusReport(runFolder: target)
        print(json ? try JSONOutput.text(status) : status.text)
    }
}
