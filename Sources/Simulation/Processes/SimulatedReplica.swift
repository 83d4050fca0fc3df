import ClusterCore
import Collective
import Training
import Transport

/// A replica that holds a ``SimulatedState`` and takes virtual time for what it does. It behaves as the
/// replica thread does: commands in order, one shard at a time, unstarted shards given back at once.
///
/// Unchecked: a simulation is one thread.
final class SimulatedReplica: ReplicaPort, @unchecked Sendable {
    let witness: Witness
    let name: String
    let outputs: Mailbox<ReplicaOutput>
    /// How much slower than the fastest machine.
    var slowness: Double = 1
    /// As by SIGSTOP: what is under way ends when the process goes on.
    var isStopped = false { didSet { if !isStopped { wakeUp() } } }
    var isEnded = false
    var state: SimulatedState?
    var run: RunID?
    /// The report on the step that led to the state.
    var last: WireStepDone?
    var lastVector: [Int32] = []
    /// The attempt in hand, its exponent and the sums held.
    var attempt: UInt32?
    var attemptExponent: UInt32?
    var sums: HeldSums?
    /// A state that is being loaded, under its feed's number.
    var loading: (head: WireLoadState, state: SimulatedState)?
    var joining: JoinedHistory?
    var feeds: Set<UInt64> = []
    private var queue: [ReplicaCommand] = []
    /// The compute command in hand: shards not begun, and the one under way.
    private var computing: (work: StepWork, left: [Int])?
    private var shardInHand: Int?
    private var isBusy = false
    /// What was to happen while the process stood still.
    private var overdue: [() -> Void] = []

    init(_ witness: Witness, name: String, outputs: Mailbox<ReplicaOutput>) {
        self.witness = witness
        self.name = name
        self.outputs = outputs
    }

    func send(_ command: ReplicaCommand) {
        switch command {
        case .end: isEnded = true
        case .suspend:
            // What has not been started is not started any more.
            queue.removeAll { $0.isWork }
            computing?.left = []
            queue.append(command)
        default: queue.append(command)
        }
        goOn()
    }

    func yield(step: Int, attempt: UInt32, count: Int) -> [Int] {
        var given: Set<Int> = []
        func take(_ work: inout [Int]) {
            for shard in work.reversed() where given.count < count {
                if shard == shardInHand || holds(shard) { continue }
                given.insert(shard)
            }
        }
        for case .compute(let work) in queue.reversed() where work.step == step && work.attempt == attempt {
            var shards = work.shards
            take(&shards)
        }
        if computing?.work.step == step, computing?.work.attempt == attempt { take(&computing!.left) }
        computing?.left.removeAll(where: given.contains)
        for index in queue.indices {
            guard case .compute(var work) = queue[index], work.step == step, work.attempt == attempt else {
                continue
            }
            work.shards.removeAll(where: given.contains)
            queue[index] = .compute(work)
        }
        return given.sorted()
    }

    func post(_ output: ReplicaOutput) { outputs.post(output) }

    // MARK: Time

    private func after(_ microseconds: Double, _ action: @escaping () -> Void) {
        isBusy = true
        witness.time.schedule(after: Int64(microseconds * slowness * 1000)) { [weak self] in
            guard let self, !isEnded else { return }
            let finish = { [weak self] in
                guard let self else { return }
                isBusy = false
                action()
                goOn()
            }
            if isStopped { overdue.append(finish) } else { finish() }
        }
    }

    private func wakeUp() {
        let due = overdue
        overdue = []
        for action in due { action() }
    }

    private func goOn() {
        while !isBusy, !isEnded {
            if let (work, left) = computing {
                guard let shard = left.first else {
                    computing = nil
                    continue
                }
                computing!.left.removeFirst()
                shardInHand = shard
                let cost = witness.training.seconds(step: work.step, shard: shard) * 1e6
                return after(cost) { [weak self] in
                    self?.shardInHand = nil
                    self?.finish(shard, of: work, seconds: cost * (self?.slowness ?? 1) / 1e6)
                }
            }
            guard !queue.isEmpty else { return }
            let command = queue.removeFirst()
            if case .compute(let work) = command {
                begin(work)
            } else {
                after(command.microseconds) { [weak self] in self?.perform(command) }
            }
        }
    }

    // MARK: Computing

    private func holds(_ shard: Int) -> Bool { sums?.shards.contains(shard) ?? false }

    private func begin(_ work: StepWork) {
        guard let state else { return fail("was asked to compute step \(work.step) without a state") }
        guard state.step == work.step else {
            return fail("holds step \(state.step) and was asked to compute step \(work.step)")
        }
        if work.attempt != attempt {
            var raised = state
            if work.attempt > 0, let attemptExponent { raised.exponent = attemptExponent }
            raised.raise(for: work.overflows)
            forgetAttempt()
            attempt = work.attempt
            attemptExponent = raised.exponent
            if !work.overflows.isEmpty { witness.moment(.attemptRaised) }
        }
        computing = (work, work.shards.filter { !holds($0) })
    }

    /// The state as the next sums see it.
    var stateOfAttempt: SimulatedState? {
        guard var state else { return nil }
        if let attemptExponent { state.exponent = attemptExponent }
        return state
    }

    func forgetAttempt() {
        sums?.reset()
        (attempt, attemptExponent) = (nil, nil)
    }

    private func finish(_ shard: Int, of work: StepWork, seconds: Double) {
        guard let state = stateOfAttempt, state.step == work.step, attempt == work.attempt else { return }
        guard let sums, let (place, isNew) = try? sums.place(generation: work.generation) else { return }
        let own = witness.training.sums(state, shard: shard)
        for index in own.indices { place[index] = (isNew ? 0 : place[index]) + own[index] }
        sums.add(shard)
        var computed = WireComputed()
        computed.step = UInt64(work.step)
        computed.attempt = work.attempt
        computed.shards = [UInt32(shard)]
        computed.overflows = witness.training.overflow(
            step: work.step, phase: state.phase, attempt: work.attempt, shard: shard)
        computed.seconds = seconds
        post(.event(.computed(computed)))
    }

    func fail(_ reason: String) {
        witness.violate("\(name) \(reason)")
        post(.event(.failed(reason: reason, everywhere: false)))
    }
}

extension ReplicaCommand {
    /// Whether the command is given up when the coordinator is gone.
    fileprivate var isWork: Bool {
        switch self {
        case .compute, .contribute, .evaluate, .serve, .feed, .endFeed, .weigh, .chunk, .history, .load: true
        default: false
        }
    }

    /// How long the fastest machine takes.
    fileprivate var microseconds: Double {
        switch self {
        case .prepare: 3000
        case .load, .chunk, .history: 300
        case .evaluate(_, let shards): 500 + 2000 * Double(shards.count)
        case .apply: 1500
        case .contribute, .serve, .snapshot, .feed: 400
        case .reshape: 8000
        case .weigh: 500
        case .compute, .endFeed, .suspend, .reportHeld, .end: 20
        }
    }
}
