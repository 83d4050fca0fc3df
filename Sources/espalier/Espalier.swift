import ArgumentParser
import Glibc
import Recipe
import TensorCore

/// The command. Exit codes: 0 done, 1 failed, 2 usage, 75 preempted after a checkpoint (ask to be requeued).
@main
struct Espalier: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "espalier",
        abstract: "Trains layer-wise differentiated convolutional networks on ordinary machines.",
        version: version,
        subcommands: [
            Train.self, CoordinatorCommand.self, WorkerCommand.self, Describe.self, Shrink.self,
            Evaluate.self,
            DigestCommand.self, Status.self, Plot.self, Top.self, BenchCommand.self, Simulate.self,
        ])

    static func main() {
        signal(SIGPIPE, SIG_IGN)
        Restart.withBetterKernels()
        do {
            var command = try parseAsRoot()
            try Engine.checkForcedLevel()
            try command.run()
        } catch let code as ExitCode {
            Espalier.exit(withError: code)
        } catch let error as RecipeError {
            fail(error.lines, code: .usage)
        } catch  where exitCode(for: error) == .success {
            exit(withError: error)
        } catch  where isUsage(error) {
            fail([usageLine(error)], code: .usage)
        } catch {
            fail(["\(error)"], code: .failure)
        }
    }

    /// What the argument parser itself objects to.
    private static func isUsage(_ error: any Error) -> Bool {
        exitCode(for: error) == .validationFailure
    }

    private static func usageLine(_ error: any Error) -> String {
        let line = message(for: error).split(whereSeparator: \.isNewline).joined(separator: " ")
        return error is ValidationError ? line : "\(line); see espalier --help"
    }

    private static func fail(_ lines: [String], code: ExitCode) -> Never {
        for line in lines { Say.error(line) }
        Glibc.exit(code.rawValue)
    }
}

extension ExitCode {
    static let usage = ExitCode(2)
    static let preempted = ExitCode(75)
}
