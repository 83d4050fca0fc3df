public import ClusterCore
import Digest
import Foundation
public import Hypernet
public import ImageData
import ModelZoo
public import NeuralNet
public import Recipe
import TensorCore

/// What a recipe and its data set mean: the networks, the schedule, which images are in which shard.
/// Coordinator and workers derive the same from the same recipe.
public struct RunDefinition: Sendable {
    public internal(set) var recipe: Recipe
    public let train: any ImageSet
    public let test: any ImageSet
    /// The network before widening, plain: what budgets and reports compare with.
    public internal(set) var baseline: Graph
    /// The network of the search phase; nil when there is none.
    public internal(set) var widened: Graph?
    public let order: SampleOrder
    /// Features that the converge phase learns from a teacher; see ``with(_:)``.
    var taps: [FeatureTap] = []

    /// Opens the recipe's data and builds its networks.
    /// - Throws: `DataError`, `ModelZooError`, ``RunError``.
    public init(_ recipe: Recipe) throws {
        let sets = try openImageSets(DataOptions(recipe))
        try self.init(recipe, train: sets.train, test: sets.test)
        guard train.count >= recipe.batch else {
            throw RunError.tooFewImages(train.count, batch: recipe.batch)
        }
    }

    /// A recipe's networks for the images of another run.
    init(_ recipe: Recipe, train: any ImageSet, test: any ImageSet) throws {
        let shape = train.imageShape
        let classes = train.classNames.count
        self.recipe = recipe
        (self.train, self.test) = (train, test)
        order = SampleOrder(seed: recipe.seed, count: train.count)
        baseline = try ModelZoo.network(named: recipe.network, input: shape.height, classes: classes)
        widened = try recipe.shrink.map { shrink in
            try ModelZoo.network(
                named: recipe.network, input: shape.height, classes: classes, width: Double(shrink.width),
                forHypernetwork: true, groupPruning: shrink.groups == .whole ? .whole : .narrow)
        }
    }

    /// Of both image sets together.
    var dataFingerprint: String {
        SHA256.hexadecimal(of: "\(train.fingerprint) \(test.fingerprint)")
    }

    /// Steps of the search phase, or the most of them; 0: there is none.
    public var searchSteps: Int { recipe.shrink.map { $0.method.searches ? $0.steps : 0 } ?? 0 }
    public var shardsPerStep: Int { recipe.batch / recipe.shard }

    /// Steps of so many epochs, rounded up.
    func steps(epochs: Int) -> Int {
        (epochs * train.count + recipe.batch - 1) / recipe.batch
    }

    public var schedule: RunSchedule {
        let checkpointEvery =
            switch recipe.checkpoint.every {
            case .epochs(let epochs): steps(epochs: epochs)
            case .steps(let steps): steps
            }
        return RunSchedule(
            searchSteps: searchSteps, totalSteps: searchSteps + steps(epochs: recipe.epochs),
            checkEvery: recipe.shrink.flatMap { $0.method == .dhp ? $0.proximal.checkEvery : nil },
            stopAfter: recipe.maxSteps, shardsPerStep: shardsPerStep,
            evaluationShards: (test.count + recipe.shard - 1) / recipe.shard,
            evaluateEvery: steps(epochs: recipe.evaluate.everyEpochs), checkpointEvery: checkpointEvery)
    }

    /// How many steps of its phase come before step `step`, which is counted from 0 over both phases.
    /// - Parameter searchEnd: the plan's step where the phase is converge; nil in the search.
    func phaseStep(_ step: Int, searchEnd: Int?) -> Int {
        max(step - (searchEnd ?? 0), 0)
    }

    /// The step of a replica's plan, for ``phaseStep(_:searchEnd:)``; 0 for networks that are not pruned.
    func searchEnd(_ plan: Plan?) -> Int? {
        recipe.shrink == nil ? 0 : plan?.step
    }

    /// The network that a phase trains.
    public func graph(plan: Plan?) throws -> Graph {
        guard let widened else { return withAdapters(baseline) }
        return try plan.map { withAdapters(try Surgery(graph: widened, plan: $0).pruned) } ?? widened
    }

    /// The network of the converge phase with what only its training needs.
    func withAdapters(_ graph: Graph) -> Graph {
        guard !taps.isEmpty else { return graph }
        return graph.withAdapters(taps.map { (graph.node(named: $0.student), $0.channels) })
    }

    /// The state of the phase that a plan (JSON, or empty) belongs to.
    func stateLayout(plan json: String) throws -> StateLayout {
        guard let shrink = recipe.shrink, let widened, json.isEmpty else {
            return StateLayout(
                ParameterLayout(try graph(plan: json.isEmpty ? nil : Plan(json: Data(json.utf8)))),
                slots: optimizer.slots)
        }
        return StateLayout(
            HyperLayout(graph: widened, wiring: LatentWiring(widened), embedding: shrink.embedding),
            slots: optimizer.slots)
    }

    /// A model of zeros: with a plan (or no shrink) of the converge phase, else of the search.
    func makeModel(plan: Plan?, pool: ComputePool) throws -> any Model {
        let graph = try graph(plan: plan)
        guard plan == nil, let shrink = recipe.shrink else {
            return try PlainModel(graph: graph, optimizer: optimizer, pool: pool)
        }
        return try SearchModel(
            graph: graph, embedding: shrink.embedding, optimizer: optimizer,
            proximal: shrink.method == .dhp ? ProximalStep(shrink, graph: graph) : nil, pool: pool)
    }

    /// The images of shard `shard` of step `step`: positions step·batch + shard·size and on in the endless
    /// sequence of the epochs' permutations.
    func trainingShard(step: Int, shard: Int) -> some ShardSource {
        TrainingShard(
            images: train, order: order, seed: recipe.seed, first: step * recipe.batch + shard * recipe.shard,
            count: recipe.shard)
    }

    func testShard(_ shard: Int) -> some ShardSource {
        let first = shard * recipe.shard
        return TestShard(images: test, first: first, count: min(recipe.shard, test.count - first))
    }
}

/// A recipe that cannot be run on its data or on this machine.
public enum RunError: Error, Equatable, CustomStringConvertible {
    case tooFewImages(Int, batch: Int)
    case unfitMachine(String)
    /// The file of `shrink.plan`, and why it cannot be used.
    case plan(String, String)

    public var description: String {
        switch self {
        case .tooFewImages(let count, let batch):
            "the training set has \(count) images, less than a batch of \(batch): lower batch in the recipe"
        case .plan(let path, let problem):
            "\(path): \(problem)"
        case .unfitMachine(let reason):
            "this machine cannot run the recipe: \(reason)"
        }
    }
}

extension DataOptions {
    public init(_ recipe: Recipe) {
        // Both enumerations have the same raw values; a test holds them together.
        self.init(
            format: DataFormat(rawValue: recipe.data.format.rawValue)!, path: recipe.data.path,
            imageSize: recipe.data.imageSize, seed: recipe.seed)
        if let count = recipe.data.trainCount { syntheticTrainCount = count }
        if let count = recipe.data.testCount { syntheticTestCount = count }
    }
}
