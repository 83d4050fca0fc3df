import ClusterCore

/// A worker of a ``Prediction``: its machine, and what its replica would do.
struct PredictedWorker {
    let slowness: Double
    /// Counts its starts and ends: what was to happen in an earlier life does not.
    private(set) var life = 0
    private(set) var identity: [UInt8] = []
    var machine: WorkerMachine?
    /// The committed steps that its state holds.
    var step = 0
    /// Shards held, and those to be computed, of the attempt in hand.
    var held: Set<Int> = []
    var queue: [Int] = []
    var inHand: Int?
    var work: StepWork?
    /// Workers that it feeds, by feed number.
    var feeds: [UInt64: UInt32] = [:]

    init(slowness: Double) {
        self.slowness = slowness
    }

    mutating func start(identity: [UInt8], machine: WorkerMachine) {
        self = PredictedWorker(slowness: slowness, life: life + 1, identity: identity, machine: machine)
    }

    mutating func end() {
        self = PredictedWorker(slowness: slowness, life: life + 1, identity: [], machine: nil)
    }

    private init(slowness: Double, life: Int, identity: [UInt8], machine: WorkerMachine?) {
        self.slowness = slowness
        self.life = life
        self.identity = identity
        self.machine = machine
    }
}
