import ArgumentParser
import Glibc
import Training

struct Top: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Watch a living run: its members, their shares, recoveries. Ends with Ctrl-C, or with the run.")

    @Argument(help: "The coordinator's address tcp://HOST:PORT.")
    var coordinator: String

    @Option(help: "Seconds between two looks.")
    var every = 1.0

    @Option(help: "Look so many times, then end.")
    var count: Int?

    func validate() throws {
        guard coordinator.contains("://") else {
            throw ValidationError("\(coordinator) is no address; one is tcp://HOST:PORT")
        }
        guard every >= 0.1, every <= 3600 else {
            throw ValidationError("--every is \(every); it must be from 0.1 to 3600 seconds")
        }
        if let count { try Limits.check("--count", count, 1...1_000_000) }
    }

    func run() throws {
        let isTerminal = isatty(1) == 1
        var looks = 0
        while count.map({ looks < $0 }) ?? true {
            if looks > 0 { usleep(useconds_t(every * 1e6)) }
            let text = try StatusReport(asking: coordinator).text
            // On a terminal the picture renews itself; elsewhere each follows the one before.
            print(isTerminal ? "\u{1B}[H\u{1B}[2J\(text)" : text + "\n")
            fflush(nil)
            looks += 1
        }
    }
}
