public import ClusterCore
import Foundation
import Glibc
import Observe
import Recipe
import Transport

/// The coordinator process: a node on real sockets with the run's folder, the clock, the signals and local
/// workers. Everything happens on the calling thread but the writing of checkpoints.
public final class CoordinatorDriver {
    /// How long workers may take to hang up after they were told to stop.
    private static let hangUpPatience = Duration.seconds(3)
    /// How long after its connection the end of a local worker's process may be noticed.
    private static let exitDelay = Duration.seconds(1)

    private let definition: RunDefinition
    private let options: CoordinatorOptions
    private let store: FileRunStore
    private let switchboard: any Switchboard
    private let node: CoordinatorNode
    private let endpoint: String
    private let temporaryFolder: String?
    private let ends: Mailbox<LocalWorkers.End>
    private var localWorkers: LocalWorkers?

    /// Opens the run folder, the newest checkpoint when resuming, and the socket; starts local workers.
    /// - Throws: `ObserveError`, `CheckpointError`, `TransportError` and others, each one line.
    public init(_ definition: RunDefinition, _ options: CoordinatorOptions) throws {
        let definition = try definition.with(definition.openTeacher())
        self.definition = definition
        self.options = options
        if !options.isOpen { try definition.checkLevel() }
        let switchboard = try ZeroMQSwitchboard()
        self.switchboard = switchboard
        // An endpoint that cannot be had should not leave a run folder that looks used.
        var address: (HubID, String)?
        if case .joining(_, let wanted) = options.workers { address = try switchboard.bind(wanted) }
        let events = Mailbox<CoordinatorEvent>(waker: switchboard.waker)
        ends = Mailbox(waker: switchboard.waker)
        store = try FileRunStore(
            definition, path: options.runFolder, resume: options.resume, events: events)
        let hub: HubID
        if let address {
            temporaryFolder = nil
            (hub, endpoint) = address
        } else {
            let folder = try Self.makeTemporaryFolder()
            temporaryFolder = folder
            (hub, endpoint) = try switchboard.bind("ipc://\(folder)/coordinator")
        }
        let start = ContinuousClock.now
        node = CoordinatorNode(
            settings: try Self.settings(definition, options, store), network: definition.recipe.network,
            switchboard: switchboard, hub: hub, store: store, events: events,
            hangUpDelay: options.isOpen ? .zero : Self.exitDelay, now: { ContinuousClock.now - start })
    }

    private static func settings(
        _ definition: RunDefinition, _ options: CoordinatorOptions, _ store: FileRunStore
    ) throws -> CoordinatorMachine.Settings {
        let run = RunID.random()
        let newest = store.newest
        return CoordinatorMachine.Settings(
            run: run, knownRuns: try Launches.begin(run, in: store.folder), version: options.version,
            recipe: definition.recipe.yaml, schedule: definition.schedule,
            workersWanted: options.workersWanted, timeout: .seconds(definition.recipe.timeout),
            patience: options.patience, canGrow: options.isOpen,
            instructionLevel: definition.recipe.isa == "auto"
                ? newest?.instructionLevel : definition.recipe.isa,
            levelNeeded: definition.levelNeeded, denseAlgebra: newest?.denseAlgebra,
            dataFingerprint: definition.dataFingerprint, resume: newest?.place, plan: try store.decidedPlan,
            recordedStep: store.log.recordedStep)
    }

    /// A folder for sockets with a path short enough for them.
    private static func makeTemporaryFolder() throws -> String {
        var template = Array("/tmp/espalier-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw ObserveError(
                "/tmp", "no folder for sockets can be made there: \(String(cString: strerror(errno)))")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Runs to the end. Returns within bounded time after a signal, a failure or the last step.
    public func run() throws -> RunOutcome {
        StopSignals.install()
        defer { cleanUp() }
        try startWorkers()
        if let resume = node.machine.settings.resume { store.note("newest checkpoint: step \(resume.step)") }
        while node.outcome == nil {
            try node.turn(wait: .milliseconds(100))
            for end in ends.drain() { try replace(end) }
            if StopSignals.count > 0 { try node.tell(.stopRequested(reason: StopSignals.lastName)) }
        }
        return node.outcome!
    }

    private func startWorkers() throws {
        switch options.workers {
        case .joining(let count, _):
            store.note("listening on \(endpoint) for \(count) worker\(count == 1 ? "" : "s")")
        case .local(let count, let threads):
            localWorkers = try LocalWorkers(
                count: count,
                arguments: [
                    "worker", "--join", endpoint, "--threads", String(threads), "--local",
                    "--timeout", String(definition.recipe.timeout),
                ],
                ends: ends)
        }
    }

    private func replace(_ end: LocalWorkers.End) throws {
        try node.tell(.workerExited(process: end.process, how: end.how))
        guard node.outcome == nil, StopSignals.count == 0 else { return }
        do {
            guard let process = try localWorkers?.replace(end, step: node.machine.step) else { return }
            store.note("worker process \(end.process) \(end.how); process \(process) takes its place")
        } catch {
            try node.tell(.failed(reason: "\(error)"))
        }
    }

    /// What came out, for people.
    public var summary: String {
        let evaluation = store.lastEvaluation.map { "\($0.text) at step \($0.step)" }
        return [store.plan.map(PlanReport.costs), evaluation, "run folder \(store.folder.path)"]
            .compactMap { $0 }.joined(separator: "\n")
    }

    private func cleanUp() {
        node.awaitHangUps(patience: Self.hangUpPatience)
        store.close()
        switchboard.close(flush: .seconds(1))
        localWorkers?.finish(patience: .seconds(5))
        if let temporaryFolder { try? FileManager.default.removeItem(atPath: temporaryFolder) }
    }
}
