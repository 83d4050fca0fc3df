import ArgumentParser
import Foundation
import Training

struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a recipe on this machine: a coordinator and local workers at once.")

    @OptionGroup var recipe: RecipeOptions

    @Option(help: "Local worker processes.")
    var workers = 1

    @Option(help: "Compute threads of each worker; by default the processors are shared out.")
    var threads: Int?

    @Option(name: .customLong("run"), help: "The run's folder; by default runs/ and the recipe's name.")
    var runFolder: String?

    @Flag(help: "Go on from the newest checkpoint of the run's folder, if there is one.")
    var resume = false

    func validate() throws {
        try Limits.check("--workers", workers, Limits.workers)
        if let threads { try Limits.check("--threads", threads, Limits.threads) }
    }

    func run() throws {
        let definition = try RunDefinition(try recipe.load())
        let processors = ProcessInfo.processInfo.activeProcessorCount
        let driver = try CoordinatorDriver(
            definition,
            CoordinatorOptions(
                workers: .local(count: workers, threads: threads ?? max(1, processors / workers)),
                runFolder: runFolder ?? recipe.defaultRunFolder, resume: resume, version: Espalier.version))
        try driver.run().end()
        print(driver.summary)
    }
}
