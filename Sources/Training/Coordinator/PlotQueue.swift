import Dispatch
import Hypernet
import NeuralNet
import Observe
import Synchronization

/// Makes a run's plots on a thread of its own: they must neither hold up the run nor end it.
final class PlotQueue: Sendable {
    private let folder: String
    private let note: @Sendable (String) -> Void
    private let queue = DispatchQueue(label: "espalier.plots", qos: .utility)
    /// The newest curves wait to be drawn: another request for them changes nothing.
    private let isWaiting = Atomic<Bool>(false)
    private let hasFailed = Atomic<Bool>(false)

    /// - Parameter note: told about the first failure.
    init(folder: String, note: @escaping @Sendable (String) -> Void) {
        self.folder = folder
        self.note = note
    }

    /// The curves as they are now.
    func drawCurves() {
        guard !isWaiting.exchange(true, ordering: .relaxed) else { return }
        queue.async { [self] in
            isWaiting.store(false, ordering: .relaxed)
            draw([.search, .training])
        }
    }

    /// What the search has come to.
    func drawSearch(
        _ vectors: [(values: [Float], gradients: [Float])], after step: Int, of graph: Graph, seed: UInt64
    ) {
        queue.async { [self] in
            attempt { try RunPlots.keep(vectors, after: step, of: graph, seed: seed, in: folder) }
            draw([.channels, .latents, .search])
        }
    }

    /// All that there is something for; returns when it is on disk.
    func finish() {
        queue.sync { draw(RunPlots.Kind.allCases) }
    }

    private func draw(_ kinds: [RunPlots.Kind]) {
        attempt { _ = try RunPlots(folder: folder).write(kinds) }
    }

    private func attempt(_ work: () throws -> Void) {
        do {
            try work()
        } catch {
            if !hasFailed.exchange(true, ordering: .relaxed) { note("plots: \(error)") }
        }
    }
}
