import ArgumentParser
import Training

struct Plot: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Draw a run's plots again, from what its folder holds.",
        discussion:
            "Writes RUN/plots/: channels.svg, latents.svg, search.svg and training.svg, those of them "
            + "that there is something for. A run that goes on may be plotted too.")

    @Argument(help: "A run's folder.")
    var folder: String

    func run() throws {
        for path in try RunPlots(folder: folder).write() { print(path) }
    }
}
