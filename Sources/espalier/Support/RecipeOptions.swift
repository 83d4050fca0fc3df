import ArgumentParser
import ModelZoo
import Recipe

/// The recipe and what the command line changes of it.
struct RecipeOptions: ParsableArguments {
    @Argument(help: "The recipe: a YAML file that says what to train, on what, how.")
    var recipe: String

    @Option(name: .customLong("set"), help: "Change a key of the recipe, e.g. data.path=/data or epochs=5.")
    var overrides: [String] = []

    func load() throws -> Recipe {
        try Recipe(path: recipe, overrides: overrides, networks: ModelZoo.names)
    }

    /// `runs/` and the recipe's name: where a run goes unless told otherwise.
    var defaultRunFolder: String {
        let name = recipe.split(separator: "/").last.map(String.init) ?? "run"
        return "runs/" + (name.split(separator: ".").first.map(String.init) ?? "run")
    }
}

/// Bounds on what a user may ask for.
enum Limits {
    static let threads = 1...1024
    static let workers = 1...256
    /// A year, in seconds.
    static let patienceMax = 31_536_000.0

    static func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
        guard range.contains(value) else {
            throw ValidationError(
                "\(name) is \(value); it must be from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    static func check(_ name: String, seconds: Double, _ range: ClosedRange<Double>) throws {
        guard range.contains(seconds) else {
            throw ValidationError(
                "\(name) is \(seconds); it must be from \(text(range.lowerBound)) to "
                    + "\(text(range.upperBound)) seconds")
        }
    }

    static func check(keep: Double) throws {
        guard keep > 0 && keep <= 1 else {
            throw ValidationError("--keep is \(keep); it must be above 0, at most 1")
        }
    }

    private static func text(_ seconds: Double) -> String {
        seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)"
    }
}
