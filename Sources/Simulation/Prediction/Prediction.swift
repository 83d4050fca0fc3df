import ClusterCore
import Foundation
import Transport

/// Predicts the throughput of a large cluster: the real machines decide, message by message in virtual time;
/// what computing and sending take follows from ``ClusterCosts``. Workers die and come back at random, and
/// join as in a real run. Control messages take their time on the coordinator's link.
package final class Prediction {
    /// What came of it.
    package struct Report: Sendable {
        package var seconds = 0.0
        package var steps = 0
        package var imagesPerSecond = 0.0
        package var idealImagesPerSecond = 0.0
        package var meanStepSeconds = 0.0
        package var deaths = 0
        package var joins = 0
        /// Of all steps in which a member was lost, beyond the mean of the others.
        package var recoverySeconds = 0.0
        package var controlMegabytesPerStep = 0.0
    }

    let costs: ClusterCosts
    let time = VirtualTime()
    var coordinator: CoordinatorMachine
    var workers: [PredictedWorker] = []
    var byIdentity: [[UInt8]: Int] = [:]
    var random: SeededRandom
    /// Shards contributed in each round, until the vector is whole.
    var rounds: [RoundKey: Set<Int>] = [:]
    private var wireFreeAt: Int64 = 0
    private var controlBytes = 0.0
    private var steps: [CommittedStep] = []
    private var lastIdentity: UInt64 = 0
    private var deaths = 0
    private var joins = 0
    private var failure: String?

    struct RoundKey: Hashable {
        let generation: UInt64
        let step: Int
        let attempt: UInt32
    }

    package init(_ costs: ClusterCosts, seed: UInt64 = 1) {
        self.costs = costs
        random = SeededRandom(seed)
        let schedule = RunSchedule(
            searchSteps: 0, totalSteps: .max / 2, shardsPerStep: costs.shards, evaluationShards: 0,
            evaluateEvery: .max / 2, checkpointEvery: .max / 2)
        coordinator = CoordinatorMachine(
            CoordinatorMachine.Settings(
                run: .random(), version: "predicted", recipe: "", schedule: schedule,
                workersWanted: costs.workers, timeout: .seconds(costs.timeoutSeconds)))
        for index in 0..<costs.workers {
            let place = costs.workers > 1 ? Double(index) / Double(costs.workers - 1) : 0
            workers.append(PredictedWorker(slowness: 1 + (costs.spread - 1) * place))
        }
    }

    /// Runs for so many steps, after a few that are not counted.
    /// - Throws: ``PredictionError``.
    package func run(steps count: Int) throws(PredictionError) -> Report {
        for index in workers.indices { start(index) }
        tick()
        let warmUp = 3
        var begun = 0.0
        while steps.count < count + warmUp {
            guard failure == nil, time.runNext() else {
                throw PredictionError(reason: failure ?? "nothing is left to happen")
            }
            if steps.count < warmUp { (begun, deaths, joins, controlBytes) = (now, 0, 0, 0) }
        }
        let counted = steps.suffix(count)
        let calm = counted.filter { $0.recoverySeconds == nil }.map(\.seconds)
        let mean = calm.reduce(0, +) / Double(max(calm.count, 1))
        var report = Report()
        report.seconds = now - begun
        report.steps = count
        report.imagesPerSecond = Double(count * costs.shards * costs.imagesPerShard) / report.seconds
        report.idealImagesPerSecond = costs.idealImagesPerSecond(slowness: workers.map(\.slowness))
        report.meanStepSeconds = report.seconds / Double(count)
        (report.deaths, report.joins) = (deaths, joins)
        report.recoverySeconds = counted.filter { $0.recoverySeconds != nil }
            .reduce(0) { $0 + max(0, $1.seconds - mean) }
        report.controlMegabytesPerStep = controlBytes / 1e6 / Double(count)
        return report
    }

    var now: Double { Double(time.nanoseconds) / 1e9 }

    func after(_ seconds: Double, _ action: @escaping () -> Void) {
        time.schedule(after: Int64(max(0, seconds) * 1e9), action)
    }

    // MARK: Workers

    private func start(_ index: Int) {
        lastIdentity += 1
        let identity = withUnsafeBytes(of: lastIdentity.bigEndian) { Array($0) + [0, 0, 0, 0, 0, 0, 0, 0] }
        workers[index].start(
            identity: identity,
            machine: WorkerMachine(
                WorkerMachine.Settings(timeout: .seconds(costs.timeoutSeconds), patience: .seconds(1e6))))
        byIdentity[identity] = index
        var hello = WireHello()
        hello.version = "predicted"
        hello.threads = 1
        hello.dataEndpoint = "tcp://10.0.\(index / 250).\(index % 250):7000"
        tell(.started(hello), to: index)
        if let mtbf = costs.mtbfSeconds {
            let draw = Double(random.next() >> 11) / 9_007_199_254_740_992
            let life = workers[index].life
            after(-mtbf * Foundation.log(1 - draw)) { [weak self] in self?.kill(index, life) }
        }
    }

    private func kill(_ index: Int, _ life: Int) {
        guard workers[index].life == life else { return }
        deaths += 1
        let identity = workers[index].identity
        byIdentity[identity] = nil
        workers[index].end()
        after(costs.latencySeconds) { [weak self] in
            self?.tell(.workerDisconnected(incarnation: identity))
        }
        after(costs.restartSeconds) { [weak self] in self?.start(index) }
    }

    func tell(_ event: WorkerEvent, to index: Int) {
        guard let directives = workers[index].machine?.handle(event, at: time.now) else { return }
        for directive in directives { perform(directive, of: index) }
    }

    /// An event of the worker's present life, in a while.
    func tell(_ event: WorkerEvent, to index: Int, after seconds: Double) {
        let life = workers[index].life
        after(seconds) { [weak self] in
            guard let self, workers[index].life == life else { return }
            tell(event, to: index)
        }
    }

    // MARK: The coordinator

    private func tick() {
        tell(.tick)
        for index in workers.indices where workers[index].machine != nil { tell(.tick, to: index) }
        after(costs.timeoutSeconds / 8) { [weak self] in self?.tick() }
    }

    func tell(_ event: CoordinatorEvent) {
        for directive in coordinator.handle(event, at: time.now) { perform(directive) }
    }

    private func perform(_ directive: CoordinatorDirective) {
        switch directive {
        case .send(let message, let identity): send(message, to: identity)
        case .sendInitialState(let identity):
            var head = WireLoadState()
            head.fromSeed = true
            send(coordinator.envelope(.loadState(head)), to: identity)
        case .record(let step): steps.append(step)
        case .finish(let outcome): failure = "\(outcome)"
        case .log(let text): if text.contains(" joined ") { joins += 1 }
        default: break
        }
    }

    /// All control messages leave by one link.
    private func send(_ message: ControlMessage, to identity: [UInt8]) {
        let bytes = Double(Self.byteCount(message.body))
        controlBytes += bytes
        wireFreeAt = max(wireFreeAt, time.nanoseconds) + Int64(bytes / costs.bytesPerSecond * 1e9)
        let delay = Double(wireFreeAt - time.nanoseconds) / 1e9 + costs.latencySeconds
        after(delay) { [weak self] in
            guard let self, let index = byIdentity[identity] else { return }
            tell(.message(message), to: index)
        }
    }

    /// Nearly: coding each of a thousand equal messages would take most of the prediction's time.
    private static func byteCount(_ body: ControlMessage.Body) -> Int {
        switch body {
        case .formation(let formation): 40 + formation.members.count * 50
        case .beginStep(let begin):
            40 + begin.partOwners.count * 2
                + begin.assignments.reduce(0) { $0 + 6 + $1.shards.count * 2 }
        default: 60
        }
    }
}

package struct PredictionError: Error, CustomStringConvertible, Sendable {
    package var reason: String

    package var description: String { "the predicted run stopped: \(reason)" }
}
