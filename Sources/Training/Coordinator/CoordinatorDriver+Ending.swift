import ClusterCore
import Foundation
import Transport

extension CoordinatorDriver {
    /// How long workers may take to hang up after they were told to stop.
    private static let hangUpPatience = Duration.seconds(3)

    func cleanUp() {
        awaitHangUps()
        sink.close()
        switchboard.close(flush: .seconds(1))
        localWorkers?.finish(patience: .seconds(5))
        if let temporaryFolder { try? FileManager.default.removeItem(atPath: temporaryFolder) }
    }

    /// Workers hang up when they have read that they are to stop. If this side did first, with messages of
    /// theirs unread, TCP would reset the connection, and the worker's system might throw the stop message
    /// away.
    private func awaitHangUps() {
        let workers = Set(machine.workers.values.map { Remote.peer(hub, identity: $0.incarnation) })
        let deadline = ContinuousClock.now + Self.hangUpPatience
        while !connected.isDisjoint(with: workers), ContinuousClock.now < deadline {
            guard let events = try? switchboard.poll(timeout: .milliseconds(100)) else { return }
            for event in events { note(connection: event) }
        }
    }

    /// Keeps ``connected`` true.
    func note(connection event: TransportEvent) {
        switch event {
        case .connected(let remote): connected.insert(remote)
        case .disconnected(let remote): connected.remove(remote)
        case .message, .refused, .woken: break
        }
    }
}
