/// What `bench allreduce` measures.
public struct AllReduceSettings: Sendable {
    /// Integers of the vector.
    public var elements: Int
    public var workers: Int
    /// The most that a sum has, sign included: `gradient_bits` of a recipe.
    public var bits: Int
    public var rounds: Int
    /// Bytes a second that each worker's link takes; nil: as fast as this machine is.
    public var rate: Double?
    /// Whether blocks are coded.
    public var isCoded: Bool

    public init(
        elements: Int, workers: Int, bits: Int, rounds: Int = 10, rate: Double? = nil, isCoded: Bool = true
    ) {
        self.elements = elements
        self.workers = workers
        self.bits = bits
        self.rounds = rounds
        self.rate = rate
        self.isCoded = isCoded
    }
}

/// What came out; medians over the rounds.
public struct AllReduceReport: Sendable, Encodable, Equatable {
    public var elements: Int
    public var workers: Int
    public var bits: Int
    public var coded: Bool
    /// From the sums of every worker to the whole vector at the last one.
    public var seconds: Double
    /// Processor time of one worker, its sockets included.
    public var cpuSeconds: Double
    /// What one worker sends.
    public var bytesSent: Int
    /// The same as plain fp32.
    public var bytesUncoded: Int
    /// Whether every worker gathered the sum of all workers' vectors.
    public var isExact: Bool
}
