package import ClusterCore
import Transport

/// The training that simulated replicas do: everything is a function of the seed and of the state.
package struct SimulatedTraining: Sendable {
    package static let imagesPerShard = 32

    package let seed: UInt64
    package let schedule: RunSchedule
    /// Whether the run begins with a plan that took no search.
    package let plansAtStart: Bool
    /// Elements of the reduced vector in each phase.
    package let searchElements: Int
    package let convergeElements: Int

    package init(
        seed: UInt64, schedule: RunSchedule, plansAtStart: Bool, searchElements: Int, convergeElements: Int
    ) {
        self.plansAtStart = plansAtStart
        self.seed = seed
        self.schedule = schedule
        self.searchElements = searchElements
        self.convergeElements = convergeElements
    }

    func elements(_ phase: Phase) -> Int { phase == .search ? searchElements : convergeElements }

    var initialState: SimulatedState {
        SimulatedState(
            phase: schedule.firstPhase, step: 0, weights: word(1), momentum: word(2),
            exponent: UInt32(word(3) >> 48), plan: firstPlan?.json ?? "")
    }

    /// The plan that the run begins with.
    var firstPlan: DecidedPlan? {
        plansAtStart ? DecidedPlan(json: "{\"plan\": \(word(5))}", step: 0) : nil
    }

    private func word(_ values: UInt64...) -> UInt64 {
        values.reduce(seed) { SeededRandom.mix(($0 ^ $1) &+ 0x9E37_79B9_7F4A_7C15) }
    }

    /// A shard's contribution: images, hits, loss, then noise of 24 bits, all of it dependent on the state.
    func sums(_ state: SimulatedState, shard: Int) -> [Int32] {
        var value = word(state.weights, state.momentum, UInt64(state.exponent), UInt64(shard))
        let count = elements(state.phase)
        return [Int32](unsafeUninitializedCapacity: count) { buffer, initialized in
            for index in 0..<count {
                value = value &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                buffer[index] = Int32(truncatingIfNeeded: value >> 40) - (1 << 23)
            }
            buffer[0] = Int32(Self.imagesPerShard)
            buffer[1] = Int32(value >> 59)
            buffer[2] = Int32(truncatingIfNeeded: value >> 44)
            initialized = count
        }
    }

    /// What of a shard does not fit the code at this attempt. Depends on step, attempt and shard alone, so
    /// that all runs of a seed need the same attempts.
    func overflow(step: Int, phase: Phase, attempt: UInt32, shard: Int) -> [WireOverflow] {
        // In both phases: a plan's step is one of those at which a search may end.
        let isFirst = step == 0 || (phase == .converge && schedule.checkIsDue(after: step))
        let draw = word(10, UInt64(step))
        let attempts: UInt32 = isFirst ? 1 : draw % 6 == 0 ? 1 : draw % 17 == 1 ? 2 : 0
        guard attempt < attempts else { return [] }
        let own = word(11, UInt64(step), UInt64(attempt), UInt64(shard))
        let chosen = Int(word(12, UInt64(step), UInt64(attempt)) % UInt64(schedule.shardsPerStep))
        guard isFirst || shard == chosen || own % 3 == 0 else { return [] }
        var overflow = WireOverflow()
        overflow.segment = UInt32(own >> 8 & 3)
        overflow.magnitude = 1 + Float(own >> 16 & 0xff)
        return [overflow]
    }

    /// What every replica reports of a step's reduced vector.
    func metrics(_ vector: UnsafeBufferPointer<Int32>) -> WireStepMetrics {
        var metrics = WireStepMetrics()
        metrics.images = UInt64(max(vector[0], 0))
        metrics.top1 = UInt64(max(vector[1], 0))
        metrics.top5 = metrics.top1
        metrics.loss = Double(vector[2])
        return metrics
    }

    func counts(_ state: SimulatedState, shard: Int) -> WireShardCounts {
        let value = word(20, state.weights, UInt64(shard))
        var counts = WireShardCounts()
        counts.shard = UInt32(shard)
        counts.images = UInt64(Self.imagesPerShard)
        counts.top1 = value % 33
        counts.top5 = counts.top1
        counts.lossSum = Double(value >> 40)
        return counts
    }

    func importance(_ state: SimulatedState) -> [WireLatentValues] {
        var values = WireLatentValues()
        values.values = (0..<4).map { Float(state.weights >> UInt64(16 * $0) & 0xffff) }
        values.gradients = (0..<4).map { Float(state.momentum >> UInt64(16 * $0) & 0xffff) }
        return [values]
    }

    /// What the latent vectors say after `step` steps of the search; nil: it is to go on. A search of unknown
    /// length ends at one look of three.
    func plan(_ vectors: [WireLatentValues], after step: Int) -> DecidedPlan? {
        let words = vectors.flatMap { $0.values + $0.gradients }.map { UInt64($0.bitPattern) }
        let sum = words.reduce(seed) { SeededRandom.mix($0 ^ $1) }
        guard step == schedule.searchSteps || sum % 3 == 0 else { return nil }
        return DecidedPlan(json: "{\"plan\": \(sum)}", step: step)
    }
}

extension SimulatedTraining {
    /// Seconds that a shard takes on the fastest machine: shards differ by up to a half.
    func seconds(step: Int, shard: Int) -> Double {
        4e-3 + 2e-3 * Double(word(30, UInt64(step), UInt64(shard)) % 1000) / 1000
    }
}
