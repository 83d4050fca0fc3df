public import ClusterCore
import Foundation
import TensorCore
import Transport

/// A worker process: a node on real sockets with a replica thread, the clock and the signals. The calling
/// thread owns the sockets.
public final class WorkerDriver {
    /// How long a worker that cannot go on waits until the coordinator has heard why.
    private static let stopPatience = Duration.seconds(3)

    private let options: WorkerOptions
    private let switchboard: any Switchboard
    private let replica: ReplicaThread
    private let node: WorkerNode
    private let socketFolder: String?
    private var hasLostParent = false

    /// Opens the sockets.
    /// - Throws: `TransportError`.
    public init(_ options: WorkerOptions) throws {
        self.options = options
        let switchboard = try ZeroMQSwitchboard()
        self.switchboard = switchboard
        let outputs = Mailbox<ReplicaOutput>(waker: switchboard.waker)
        replica = ReplicaThread(threads: options.threads, outputs: outputs)
        let address = try DataAddress(joining: options.join)
        socketFolder = address.socketFolder
        let (dataHub, dataEndpoint) = try switchboard.bind(address.endpoint)
        var random = SystemRandomNumberGenerator()
        let start = ContinuousClock.now
        node = try WorkerNode(
            settings: WorkerNode.Settings(
                join: options.join, timeout: options.timeout, patience: options.patience,
                grace: options.grace, coding: options.coding),
            switchboard: switchboard, dataHub: dataHub, replica: replica, outputs: outputs,
            hello: Self.hello(options, dataEndpoint: dataEndpoint),
            incarnation: (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) },
            now: { ContinuousClock.now - start })
    }

    private static func hello(_ options: WorkerOptions, dataEndpoint: String) -> WireHello {
        var hello = WireHello()
        hello.version = options.version
        hello.dataEndpoint = dataEndpoint
        hello.threads = UInt32(options.threads)
        hello.instructionLevel = Engine.offeredInstructionLevel
        hello.denseAlgebra = Engine.denseAlgebraCore
        hello.host = ProcessInfo.processInfo.hostName
        hello.process = UInt32(ProcessInfo.processInfo.processIdentifier)
        return hello
    }

    /// Works until the coordinator says stop, a signal comes, or something fails. A coordinator that is gone
    /// is waited for as long as the options say.
    public func run() throws -> WorkerOutcome {
        StopSignals.install(ignoringInterrupt: options.isLocal)
        defer { cleanUp() }
        let parent = options.isLocal ? ParentWatch() : nil
        try node.start()
        var signalsSeen = 0
        while node.outcome == nil {
            try node.turn(wait: .milliseconds(100))
            if StopSignals.count > signalsSeen {
                signalsSeen = StopSignals.count
                try node.leave(reason: StopSignals.lastName)
            }
            if parent?.isGone ?? false, node.outcome == nil {
                hasLostParent = true
                node.end(.failed("\(options.join) is gone"))
            }
        }
        return node.outcome!
    }

    private func cleanUp() {
        replica.send(.end)
        if case .failed = node.outcome, !hasLostParent { node.awaitStop(patience: Self.stopPatience) }
        switchboard.close(flush: .seconds(1))
        // A coordinator that was killed left the folder that it made for its own sockets and its children's.
        if hasLostParent, let socketFolder { try? FileManager.default.removeItem(atPath: socketFolder) }
    }
}
