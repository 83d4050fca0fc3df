/// When things are due in a run, in committed steps. A function of the recipe and the data set's size alone.
///
/// How long the search is may show only while it runs. So what comes after it is counted from its end, the
/// step of the plan: `searchEnd`, nil while nobody knows it.
public struct RunSchedule: Equatable, Sendable {
    /// Steps of the search phase, or the most of them where ``checkEvery`` is set; 0: there is no search.
    public var searchSteps: Int
    /// Steps of both phases if the search takes all of its own.
    public var totalSteps: Int
    /// Every so many steps of the search latent vectors decide whether it goes on; nil: it takes all steps.
    public var checkEvery: Int?
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
        searchSteps: Int, totalSteps: Int, checkEvery: Int? = nil, stopAfter: Int? = nil,
        shardsPerStep: Int, evaluationShards: Int, evaluateEvery: Int, checkpointEvery: Int,
        convergeAfterSearch: Bool = true
    ) {
        self.searchSteps = searchSteps
        self.totalSteps = totalSteps
        self.checkEvery = checkEvery
        self.stopAfter = stopAfter
        self.shardsPerStep = shardsPerStep
        self.evaluationShards = evaluationShards
        self.evaluateEvery = evaluateEvery
        self.checkpointEvery = checkpointEvery
        self.convergeAfterSearch = convergeAfterSearch
    }

    public var firstPhase: Phase { searchSteps > 0 ? .search : .converge }

    /// Steps of both phases; the most of them while the search's end is unknown.
    public func totalSteps(searchEnd: Int?) -> Int {
        totalSteps - searchSteps + (searchEnd ?? searchSteps)
    }

    /// The last step of this launch, as far as is known.
    public func lastStep(searchEnd: Int?) -> Int {
        let total = totalSteps(searchEnd: searchEnd)
        return min(stopAfter ?? total, total)
    }

    /// Whether the search may end after `step` of its steps.
    public func checkIsDue(after step: Int) -> Bool {
        guard step > 0, step <= searchSteps else { return false }
        return step == searchSteps || checkEvery.map { step % $0 == 0 } ?? false
    }

    /// The phase in which the state of `step` is trained on.
    public func phase(after step: Int, searchEnd: Int?) -> Phase {
        step < searchEnd ?? searchSteps ? .search : .converge
    }

    public func evaluationIsDue(after step: Int, searchEnd: Int?) -> Bool {
        let end = searchEnd ?? searchSteps
        guard step > end, evaluationShards > 0 else { return false }
        return step == totalSteps(searchEnd: end) || (step - end) % evaluateEvery == 0
    }

    func checkpointIsDue(after step: Int) -> Bool {
        step > 0 && step % checkpointEvery == 0
    }
}
