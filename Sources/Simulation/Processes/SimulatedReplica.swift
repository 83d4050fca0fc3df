import ClusterCore
import Collective
import Training
import Transport

/// A replica that holds a ``SimulatedState`` and takes virtual time for what it does. It behaves as the
/// replica thread does, with the same queue of shards and the same sums: commands in order, one shard at a
/// time.
///
/// Unchecked: a simulation is one thread.
final class SimulatedReplica: ReplicaPort, @unchecked Sendable {
    private enum Order {
        case command(ReplicaCommand)
        case compute(StepWork, ShardQueue.Key)
    }

    let witness: Witness
    let name: String
    let outputs: Mailbox<ReplicaOutput>
    /// How much slower than the fastest machine.
    var slowness: Double = 1
    /// As by SIGSTOP: what is under way ends when the process goes on.
    var isStopped = false { didSet { if !isStopped { wakeUp() } } }
    var isEnded = false
    var state: SimulatedState?
    /// The launch that this worker works for, and the one under which it came to its state.
    var run: RunID?
    var heldRun: RunID?
    /// The report on the step that led to the state.
    var lastDone: WireStepDone?
    /// The attempt in hand, its exponent and the sums held.
    var attempt: UInt32?
    var attemptExponent: UInt32?
    var sums: HeldSums?
    /// Whether the state is still being loaded, and from where.
    var incoming: IncomingState?
    /// Of a joining worker: the vector of the next step and its exponent.
    var history: IncomingVector?
    var historyExponent: UInt32 = 0
    var feeds: Set<UInt64> = []
    private let shards = ShardQueue()
    private var orders: [Order] = []
    private var computing: (work: StepWork, key: ShardQueue.Key)?
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
        case .compute(let work, _): orders.append(.compute(work, shards.add(work)))
        case .suspend:
            shards.clear()
            orders.append(.command(command))
        default: orders.append(.command(command))
        }
        goOn()
    }

    func yield(step: Int, attempt: UInt32, count: Int) -> [Int] {
        shards.yield(step: step, attempt: attempt, count: count)
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
            if let (work, key) = computing {
                guard let shard = shards.next(key) else {
                    computing = nil
                    continue
                }
                if holds(shard) { continue }
                let cost = witness.training.seconds(step: work.step, shard: shard) * 1e6
                return after(cost) { [weak self] in
                    self?.finish(shard, of: work, seconds: cost * (self?.slowness ?? 1) / 1e6)
                }
            }
            guard !orders.isEmpty else { return }
            switch orders.removeFirst() {
            case .command(let command): after(command.microseconds) { [weak self] in self?.perform(command) }
            case .compute(let work, let key): begin(work, key)
            }
        }
    }

    // MARK: Computing

    private func holds(_ shard: Int) -> Bool { sums?.shards.contains(shard) ?? false }

    private func begin(_ work: StepWork, _ key: ShardQueue.Key) {
        guard let state = held(at: work.step, to: "compute") else { return }
        if work.attempt != attempt {
            var raised = state
            if work.attempt > 0, let attemptExponent { raised.exponent = attemptExponent }
            raised.raise(for: work.overflows)
            forgetAttempt()
            attempt = work.attempt
            attemptExponent = raised.exponent
            if !work.overflows.isEmpty { witness.moment(.attemptRaised) }
        }
        if let sums, !shards.allows(key, sums.shards) { sums.reset() }
        computing = (work, key)
    }

    /// The state, if it is whole.
    var held: SimulatedState? { incoming == nil ? state : nil }

    /// The state if it is at this step; nil if it is further, which the coordinator will learn.
    func held(at step: Int, to task: String) -> SimulatedState? {
        guard let state = held, state.step >= step else {
            fail("was asked to \(task) step \(step), and holds \(held?.step ?? -1)")
            return nil
        }
        return state.step == step ? state : nil
    }

    /// The state as the next sums see it.
    var stateOfAttempt: SimulatedState? {
        guard var state = held else { return nil }
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
        case .compute, .endFeed, .abandonFeed, .suspend, .reportHeld, .end: 20
        }
    }
}
