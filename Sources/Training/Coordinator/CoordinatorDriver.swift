import Checkpoint
public import ClusterCore
import Foundation
import Glibc
import Hypernet
import NeuralNet
import Observe
import Recipe
import Transport

/// The coordinator process: feeds the machine with messages, signals and time, and carries out its
/// directives. Everything happens on the calling thread but the writing of checkpoints.
public final class CoordinatorDriver {
    let definition: RunDefinition
    let options: CoordinatorOptions
    let folder: RunFolder
    let log: RunLog
    let sink: CheckpointSink
    let events: Mailbox<CoordinatorEvent>
    let switchboard: any Switchboard
    var machine: CoordinatorMachine
    var resume: ResumePoint?
    var plan: Plan?
    var stateSender = StateSender()
    /// The peer whose state is being written.
    var saver: [UInt8]?
    var outcome: RunOutcome?
    var lastEvaluation: EvaluationResult?
    let hub: HubID
    private let endpoint: String
    let temporaryFolder: String?
    var localWorkers: LocalWorkers?
    /// Peers that have a connection.
    var connected: Set<Remote> = []
    private let start = ContinuousClock.now

    /// Opens the run folder, the newest checkpoint when resuming, and the socket; starts local workers.
    /// - Throws: `ObserveError`, `CheckpointError`, `TransportError` and others, each one line.
    public init(_ definition: RunDefinition, _ options: CoordinatorOptions) throws {
        self.definition = definition
        self.options = options
        if case .local = options.workers { try definition.checkLevel() }
        let progress = ProgressLine()
        folder = try RunFolder(path: options.runFolder, resume: options.resume)
        let switchboard = try ZeroMQSwitchboard()
        self.switchboard = switchboard
        // An endpoint that cannot be had should not leave a run folder that looks used.
        var address: (HubID, String)?
        if case .joining(_, let wanted) = options.workers { address = try switchboard.bind(wanted) }
        let store = try CheckpointStore(folder: folder.checkpoints, keep: definition.recipe.checkpoint.keep)
        resume =
            try options.resume
            ? ResumePoint.latest(in: store, definition) { progress.note($0) } : nil
        plan = try resume.flatMap { try $0.plan.isEmpty ? nil : Plan(json: Data($0.plan.utf8)) }
        log = try RunLog(folder, definition, resumedStep: resume?.step, progress: progress)
        try definition.recipe.write(to: folder.recipe)
        events = Mailbox(waker: switchboard.waker)
        sink = CheckpointSink(store, events: events)
        machine = CoordinatorMachine(Self.settings(definition, options, resume))
        if let address {
            temporaryFolder = nil
            (hub, endpoint) = address
        } else {
            let folder = try Self.makeTemporaryFolder()
            temporaryFolder = folder
            (hub, endpoint) = try switchboard.bind("ipc://\(folder)/coordinator")
        }
    }

    private static func settings(
        _ definition: RunDefinition, _ options: CoordinatorOptions, _ resume: ResumePoint?
    ) -> CoordinatorMachine.Settings {
        CoordinatorMachine.Settings(
            run: .random(), version: options.version, recipe: definition.recipe.yaml,
            schedule: definition.schedule, workersWanted: options.workersWanted,
            timeout: .seconds(definition.recipe.timeout),
            instructionLevel: definition.recipe.isa == "auto"
                ? resume?.instructionLevel : definition.recipe.isa,
            levelNeeded: definition.levelNeeded, denseAlgebra: resume?.denseAlgebra,
            dataFingerprint: definition.dataFingerprint,
            resume: resume.map { CoordinatorMachine.Resume(step: $0.step, phase: $0.phase) })
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
        if let resume { log.note("going on from step \(resume.step)") }
        while outcome == nil {
            for event in try switchboard.poll(timeout: .milliseconds(100)) { try receive(event) }
            for event in events.drain() { try tell(event) }
            if StopSignals.count > 0 { try tell(.stopRequested(reason: StopSignals.lastName)) }
            try tell(.tick)
            try stateSender.pump(switchboard) { machine.envelope(.stateChunk($0)) }
        }
        return outcome!
    }

    private func startWorkers() throws {
        switch options.workers {
        case .joining(let count, _):
            log.note("listening on \(endpoint) for \(count) worker\(count == 1 ? "" : "s")")
        case .local(let count, let threads):
            localWorkers = try LocalWorkers(
                count: count,
                arguments: [
                    "worker", "--join", endpoint, "--threads", String(threads), "--local",
                    "--timeout", String(definition.recipe.timeout),
                ],
                events: events)
        }
    }

    /// What came out, for people.
    public var summary: String {
        let evaluation = lastEvaluation.map { "\($0.text) at step \($0.step)" }
        return [plan.map(PlanReport.costs), evaluation, "run folder \(folder.path)"].compactMap { $0 }
            .joined(separator: "\n")
    }

    func tell(_ event: CoordinatorEvent) throws {
        for directive in machine.handle(event, at: ContinuousClock.now - start) { try perform(directive) }
    }

    private func receive(_ event: TransportEvent) throws {
        note(connection: event)
        switch event {
        case .message(let remote, let frames):
            guard case .peer(_, let identity) = remote, let first = frames.first else { return }
            let message: ControlMessage
            do throws(ControlMessageError) {
                message = try ControlMessage(decoding: first.bytes)
            } catch {
                return log.note("dropped a message from \(remote): \(error)")
            }
            try receive(message, frames, identity, remote)
        case .refused(let remote, let reason):
            log.note("dropped a message from \(remote): \(reason)")
        case .disconnected(.peer(hub, let identity)) where localWorkers == nil:
            // The end of a local worker's process is told with its cause.
            try tell(.workerDisconnected(incarnation: identity))
        case .connected, .disconnected, .woken:
            break
        }
    }

    private func receive(
        _ message: ControlMessage, _ frames: [Frame], _ identity: [UInt8], _ remote: Remote
    ) throws {
        switch message.body {
        case .stateChunk(let chunk):
            if identity == saver, frames.count == 2, message.run == machine.settings.run {
                sink.append(chunk, frames[1])
            }
        case .statusRequest:
            var reply = WireStatusReply()
            reply.json = machine.status(of: definition.recipe.network).json
            try? switchboard.send([Frame(machine.envelope(.statusReply(reply)).encoded())], to: remote)
        default:
            try tell(.message(message, sender: identity))
        }
    }

    func send(_ message: ControlMessage, to identity: [UInt8]) throws {
        do {
            try switchboard.send([Frame(message.encoded())], to: .peer(hub, identity: identity))
        } catch .unreachable {
            // A worker that cannot be reached is found by its silence or by the end of its process.
        } catch {
            // Whoever waits for the answer to this message would wait for ever.
            if outcome == nil { try tell(.failed(reason: error.description)) }
        }
    }

    func sendState(_ snapshot: StateSnapshot, to identity: [UInt8]) {
        stateSender.add(snapshot, to: .peer(hub, identity: identity))
    }
}
