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

    @Option(help: "Seconds to wait for workers when there are too few to start, or none to go on.")
    var patience = 3600.0

    func validate() throws {
        try Limits.check("--workers", workers, Limits.workers)
        try Limits.check("--patience", seconds: patience, 0...Limits.patienceMax)
    }

    func run() throws {
        let driver = try CoordinatorDriver(
            try RunDefinition(try recipe.load()),
            CoordinatorOptions(
                workers: .joining(count: workers, endpoint: listen),
                runFolder: runFolder ?? recipe.defaultRunFolder, resume: resume,
                patience: .seconds(patience), version: Espalier.version))
        try driver.run().end()
        print(driver.summary)
    }
}
