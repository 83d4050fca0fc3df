import ArgumentParser
import Foundation
import Hypernet
import Observe
import Recipe
import Training

struct Shrink: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a recipe's search phase alone, if its method has one, and print the plan.")

    @OptionGroup var recipe: RecipeOptions

    @Option(help: "Compute threads; by default one for each processor.")
    var threads: Int?

    @Flag(help: "Print the plan as JSON.")
    var json = false

    func validate() throws {
        if let threads { try Limits.check("--threads", threads, Limits.threads) }
    }

    func run() throws {
        let recipe = try recipe.load()
        guard let shrink = recipe.shrink else {
            throw ValidationError("the recipe has no shrink section: there is nothing to search for")
        }
        let search = LocalSearch(
            try RunDefinition(recipe), threads: threads ?? ProcessInfo.processInfo.activeProcessorCount)
        let progress = ProgressLine()
        let plan = try search.run(
            progress: { step, loss, look in
                progress.update(
                    RunProgress(phase: "search", step: step, total: shrink.steps, loss: loss, note: look))
            }, note: { progress.note($0) })
        print(json ? String(decoding: try plan.json(), as: UTF8.self) : PlanReport.text(plan))
        if let shortfall = plan.shortfall { Say.error(shortfall) }
    }
}
