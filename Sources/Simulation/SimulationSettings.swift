package import ClusterCore
package import Transport

/// One simulation, drawn from its seed.
package struct SimulationSettings: Sendable {
    package var seed: UInt64
    package var workers: Int
    package var schedule: RunSchedule
    /// Whether the run begins with a plan that took no search.
    package var plansAtStart: Bool
    package var searchElements: Int
    package var convergeElements: Int
    /// What processes take for death when it is silent.
    package var timeout: Duration
    package var link: LinkModel
    /// Whether the coordinator hears of the end of its workers' processes.
    package var isLocal: Bool
    /// How much slower than the first each worker is; workers that come later start over at the first.
    package var slowness: [Double]
    package var faults: [FaultKind]
    /// How many faults strike by time, and the mean time between them.
    package var faultCount: Int
    package var faultInterval: Duration
    /// Faults at the n-th time that a moment comes.
    package var aimed: [AimedFault]
    package var mutation: Mutation?

    package struct AimedFault: Sendable {
        package var moment: Moment
        package var ordinal: Int
        package var kind: FaultKind
    }

    package init(seed: UInt64, mutation: Mutation? = nil) {
        var random = SeededRandom(SeededRandom.mix(seed &+ 0x5EED))
        self.seed = seed
        self.mutation = mutation
        workers = 1 + random.below(5)
        let search = random.chance(1, outOf: 4) ? 0 : 2 + random.below(5)
        let isOpen = search > 0 && random.chance(1, outOf: 2)
        plansAtStart = search == 0 && random.chance(1, outOf: 2)
        let most = isOpen ? 2 * search : search
        let total = most + 5 + random.below(8)
        schedule = RunSchedule(
            searchSteps: most, totalSteps: total, checkEvery: isOpen ? 1 + random.below(3) : nil,
            shardsPerStep: 1 + random.below(9),
            evaluationShards: 1 + random.below(5), evaluateEvery: 2 + random.below(5),
            checkpointEvery: 2 + random.below(6))
        searchElements = 70 + random.below(200)
        convergeElements = 4 + random.below(150)
        timeout = .milliseconds([1000, 2000, 2000, 4000][random.below(4)])
        let latency = Int64([20_000, 100_000, 100_000, 1_000_000, 8_000_000][random.below(5)])
        link = LinkModel(
            latency: latency, jitter: latency * Int64(random.below(5)),
            bytesPerSecond: random.chance(1, outOf: 4) ? 1e6 : 125e6)
        isLocal = random.chance(1, outOf: 3)
        let isEven = random.chance(1, outOf: 2)
        slowness = (0..<8).map { _ in isEven ? 1 : 1 + Double(random.below(50)) / 10 }
        let kinds = FaultKind.allCases.shuffled(using: &random)
        faults = Array(kinds.prefix(1 + random.below(5)))
        faultCount = random.chance(1, outOf: 12) ? 0 : 1 + random.below(12)
        faultInterval = .milliseconds(20 + random.below(300))
        aimed = (0..<random.below(4)).map { _ in
            AimedFault(
                moment: Moment.allCases.randomElement(using: &random)!, ordinal: 1 + random.below(4),
                kind: Self.aimedKinds.randomElement(using: &random)!)
        }
        if faultCount == 0 { aimed = [] }
    }

    private static let aimedKinds: [FaultKind] = [
        .kill, .kill, .killCoordinator, .killCoordinator, .stop, .isolate, .disconnect, .leave, .preempt,
    ]
}
