import ArgumentParser
import Checkpoint

struct DigestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "digest",
        abstract: "Print the SHA-256 of names, shapes and bytes of all weights of a checkpoint.")

    @Argument(help: "A checkpoint's folder, or a run's folder for its newest checkpoint.")
    var checkpoint: String

    func run() throws {
        print(try Checkpoint(atOrIn: checkpoint).digest())
    }
}
