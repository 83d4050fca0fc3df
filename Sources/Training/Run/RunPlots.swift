import Foundation
import Hypernet
import NeuralNet
import Observe
import Recipe

/// The plots of a run, from what its folder holds: recipe.yaml, plan.json, latents.json, metrics.jsonl.
public struct RunPlots {
    /// latents.json: what the plots need of the search and nothing else keeps.
    struct Latents: Codable {
        /// Of the search, at the end.
        var step: Int
        var vectors: [LatentsPlot.Vector]
    }

    public enum Kind: String, CaseIterable, Sendable {
        case channels, latents, search, training
    }

    private let folder: String
    private let recipe: Recipe

    /// - Throws: `ObserveError` where this is no run's folder, `RecipeError`.
    public init(folder: String) throws {
        guard FileManager.default.fileExists(atPath: RunRecipe.path(ofRun: folder)) else {
            throw ObserveError(folder, "is no run's folder: it has no recipe.yaml")
        }
        self.folder = folder
        recipe = try Recipe(path: RunRecipe.path(ofRun: folder))
    }

    /// Makes the plots that there is something for; the others stay as they are.
    /// - Returns: the files written.
    /// - Throws: `ObserveError` where a file cannot be read or written.
    public func write(_ kinds: [Kind] = Kind.allCases) throws -> [String] {
        let plan = FileManager.default.contents(atPath: "\(folder)/plan.json").flatMap { try? Plan(json: $0) }
        let needsHistory = !Set(kinds).isDisjoint(with: [.search, .training])
        let history = needsHistory ? try RunHistory(path: "\(folder)/metrics.jsonl") : RunHistory()
        var paths: [String] = []
        for kind in kinds {
            guard let svg = svg(kind, plan, history) else { continue }
            try makeFolder()
            let path = "\(folder)/plots/\(kind.rawValue).svg"
            try DurableFile.write(Data(svg.utf8), to: path)
            paths.append(path)
        }
        return paths
    }

    private func svg(_ kind: Kind, _ plan: Plan?, _ history: RunHistory) -> String? {
        switch kind {
        case .channels:
            return plan.map {
                ChannelsPlot(
                    $0.layers.map {
                        ChannelsPlot.Layer(name: $0.name, channels: $0.channels, widened: $0.of)
                    },
                    width: recipe.shrink?.width ?? 1, network: recipe.network
                ).svg
            }
        case .latents:
            guard let latents else { return nil }
            let isOnGradients = recipe.shrink?.importance == .gradient && plan?.step == latents.step
            return LatentsPlot(
                latents.vectors, step: latents.step, threshold: isOnGradients ? plan?.threshold : nil,
                network: recipe.network
            ).svg
        case .search:
            return SearchPlot(history, end: plan.map(SearchPlot.End.init), network: recipe.network).svg
        case .training:
            return TrainingPlot(history, network: recipe.network).svg
        }
    }

    private func makeFolder() throws(ObserveError) {
        do {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/plots", withIntermediateDirectories: true)
        } catch {
            throw ObserveError("\(folder)/plots", "cannot be made: \(error.localizedDescription)")
        }
    }

    // MARK: Latent vectors

    private var latents: Latents? {
        FileManager.default.contents(atPath: "\(folder)/latents.json").flatMap {
            try? JSONDecoder().decode(Latents.self, from: $0)
        }
    }

    /// Keeps the latent vectors that a worker reported, with those that the seed gave at the start. Vectors
    /// that are never pruned, and reports that are not of this network, are left out.
    /// - Throws: `ObserveError`.
    static func keep(
        _ values: [(values: [Float], gradients: [Float])], after step: Int, of graph: Graph, seed: UInt64,
        in folder: String
    ) throws {
        let wiring = LatentWiring(graph)
        guard values.count == wiring.vectors.count else { return }
        let vectors = zip(wiring.vectors, values).filter(\.0.isPrunable).map { vector, reported in
            LatentsPlot.Vector(
                name: vector.name,
                start: HyperNetwork.initialLatents(named: vector.name, count: vector.length, seed: seed),
                end: reported.values, gradient: reported.gradients)
        }
        // Numbers that are none have no JSON.
        guard vectors.allSatisfy({ ($0.end + $0.gradient).allSatisfy(\.isFinite) }) else { return }
        let data = try JSONEncoder().encode(Latents(step: step, vectors: vectors))
        try DurableFile.write(data, to: "\(folder)/latents.json")
    }
}

extension SearchPlot.End {
    init(_ plan: Plan) {
        self.init(
            step: plan.step, baseline: SearchPlot.Cost(plan.baseline), widened: SearchPlot.Cost(plan.widened),
            pruned: SearchPlot.Cost(plan.pruned))
    }
}

extension SearchPlot.Cost {
    init(_ cost: Plan.Cost) {
        self.init(flops: cost.flops.convLinear, parameters: cost.parameters.convLinear)
    }
}
