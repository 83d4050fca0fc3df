/// When things are due in a run, in committed steps. A function of the recipe and the data set's size alone.
public struct RunSchedule: Equatable, Sendable {
    /// Steps of the search phase; 0 trains the plain network.
    public var searchSteps: Int
    /// Steps of both phases.
    public var totalSteps: Int
    /// Stop with a checkpoint once so many steps are committed; nil: at the end.
    public var stopAfter: Int?
    /// Shards in a global batch.
    public var shardsPerStep: Int
    /// Shards in the test set.
    public var evaluationShards: Int
    /// Evaluate every so many steps of the converge phase, and at its end.
    public var evaluateEvery: Int
    /// Write a checkpoint every so many steps.
    public var checkpointEvery: Int
    /// Whether a finished search is followed by the converge phase.
    public var convergeAfterSearch: Bool

    public init(
        searchSteps: Int, totalSteps: Int, stopAfter: Int? = nil, shardsPerStep: Int, evaluationShards: Int,
        evaluateEvery: Int, checkpointEvery: Int, convergeAfterSearch: Bool = true
    ) {
        self.searchSteps = searchSteps
        self.totalSteps = totalSteps
        self.stopAfter = stopAfter
        self.shardsPerStep = shardsPerStep
        self.evaluationShards = evaluationShards
        self.evaluateEvery = evaluateEvery
        self.checkpointEvery = checkpointEvery
        self.convergeAfterSearch = convergeAfterSearch
    }

    /// The last step of this launch.
    public var lastStep: Int { min(stopAfter ?? totalSteps, totalSteps) }

    public var firstPhase: Phase { searchSteps > 0 ? .search : .converge }

    func evaluationIsDue(after step: Int) -> Bool {
        guard step > searchSteps, evaluationShards > 0 else { return false }
        return step == totalSteps || (step - searchSteps) % evaluateEvery == 0
    }

    func checkpointIsDue(after step: Int) -> Bool {
        step > 0 && step % checkpointEvery == 0
    }
}
