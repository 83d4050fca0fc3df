import ArgumentParser
import Training

struct CoordinatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordinator", abstract: "Coordinate a run of workers on other machines.")

    @OptionGroup var recipe: RecipeOptions

    @Option(help: "Where workers join: tcp://HOST:PORT.")
    var listen: String

    @Option(help: "Start once so many workers have come.")
    var workers = 1

    @Option(name: .customLong("run"), help: "The run's folder; by default runs/ and the recipe's name.")
    var runFolder: String?

    @Flag(help: "Go on from the newest checkpoint of the run's folder, if there is one.")
    var resume = false

    func validate() throws {
        try Limits.check("--workers", workers, Limits.workers)
    }

    func run() throws {
        let driver = try CoordinatorDriver(
            try RunDefinition(try recipe.load()),
            CoordinatorOptions(
                workers: .joining(count: workers, endpoint: listen),
                runFolder: runFolder ?? recipe.defaultRunFolder, resume: resume, version: Espalier.version))
        try driver.run().end()
        print(driver.summary)
    }
}
