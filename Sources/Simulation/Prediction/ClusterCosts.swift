/// What a prediction is made from: a cluster, a network and measured costs.
package struct ClusterCosts: Sendable {
    package var workers: Int
    /// Of a global batch.
    package var shards: Int
    package var imagesPerShard: Int
    /// Elements of the reduced vector, and floats of weights and of SGD's momentum.
    package var parameters: Int
    /// Of one shard on one worker.
    package var secondsPerShard: Double
    /// How much machines differ: the slowest takes so many times as long as the fastest.
    package var spread: Double
    /// Coding and decoding a million bytes of uncoded integers, once.
    package var codingSecondsPerMB: Double
    /// Of a coded integer on the wire.
    package var bytesPerElement: Double
    package var applySeconds: Double
    /// Of each machine's link, each way.
    package var bytesPerSecond: Double
    package var latencySeconds: Double
    /// Mean time between a worker's failures; nil: they never fail.
    package var mtbfSeconds: Double?
    /// From a failure until the worker is there again.
    package var restartSeconds: Double
    package var timeoutSeconds: Double

    package init(
        workers: Int, shards: Int, imagesPerShard: Int, parameters: Int, secondsPerShard: Double,
        spread: Double, codingSecondsPerMB: Double, bytesPerElement: Double, applySeconds: Double,
        bytesPerSecond: Double, latencySeconds: Double, mtbfSeconds: Double?, restartSeconds: Double,
        timeoutSeconds: Double
    ) {
        self.workers = workers
        self.shards = shards
        self.imagesPerShard = imagesPerShard
        self.parameters = parameters
        self.secondsPerShard = secondsPerShard
        self.spread = spread
        self.codingSecondsPerMB = codingSecondsPerMB
        self.bytesPerElement = bytesPerElement
        self.applySeconds = applySeconds
        self.bytesPerSecond = bytesPerSecond
        self.latencySeconds = latencySeconds
        self.mtbfSeconds = mtbfSeconds
        self.restartSeconds = restartSeconds
        self.timeoutSeconds = timeoutSeconds
    }

    /// From the last contribution to the whole vector on all members: each sends and receives the vector but
    /// its own part twice, coded, and codes and decodes as much; sending and coding overlap.
    func reduceSeconds(members: Int) -> Double {
        guard members > 1 else { return 0 }
        let share = Double(members - 1) / Double(members)
        let wire = 2 * share * Double(parameters) * bytesPerElement / bytesPerSecond
        let coding = 2 * share * Double(parameters) * 4 / 1e6 * codingSecondsPerMB
        return max(wire, coding) + 4 * latencySeconds
    }

    /// The vector to one worker, as a feed sends it.
    var vectorSeconds: Double { Double(parameters) * bytesPerElement / bytesPerSecond + latencySeconds }

    /// Weights and momentum to one worker.
    var stateSeconds: Double { Double(parameters) * 8 / bytesPerSecond + latencySeconds }

    /// Images/s if all workers computed all the time.
    func idealImagesPerSecond(slowness: [Double]) -> Double {
        slowness.reduce(0) { $0 + Double(imagesPerShard) / (secondsPerShard * $1) }
    }
}
