import ClusterCore
import Foundation
import Glibc
import Synchronization

/// The order-free all-reduce of some workers over loopback TCP, each on a thread of its own with its own
/// sockets; the code is that of a run.
public enum AllReduceBench {
    /// - Throws: `TransportError`, or what went wrong in a worker.
    public static func run(_ settings: AllReduceSettings) throws -> AllReduceReport {
        let id = RunID.random()
        let peers = try (1...settings.workers).map {
            try AllReducePeer(settings, number: UInt32($0), run: id)
        }
        defer { for peer in peers { peer.close() } }
        let endpoints = Dictionary(uniqueKeysWithValues: peers.map { ($0.number, $0.endpoint) })
        for peer in peers { try peer.connect(to: endpoints) }
        // Connections come up and buffers are touched in the first.
        try round(peers, step: 0)
        let before = processSeconds()
        var seconds: [Double] = []
        for step in 1...settings.rounds {
            let watch = Stopwatch()
            try round(peers, step: step)
            seconds.append(watch.seconds)
        }
        let cpu = (processSeconds() - before) / Double(settings.rounds * settings.workers)
        return AllReduceReport(
            elements: settings.elements, workers: settings.workers, bits: settings.bits,
            coded: settings.isCoded, seconds: Statistics.median(seconds), cpuSeconds: cpu,
            bytesSent: peers.reduce(0) { $0 + $1.bytesSent } / peers.count,
            bytesUncoded: peers.reduce(0) { $0 + $1.bytesUncoded } / peers.count,
            isExact: peers.allSatisfy(\.isExact))
    }

    /// All workers reduce once, side by side.
    private static func round(_ peers: [AllReducePeer], step: Int) throws {
        let failure = Mutex<(any Error)?>(nil)
        let group = DispatchGroup()
        for peer in peers {
            let lent = Lent(peer)
            group.enter()
            Thread.detachNewThread {
                do { try lent.peer.reduce(step: step) } catch { failure.withLock { $0 = error } }
                group.leave()
            }
        }
        group.wait()
        if let error = failure.withLock({ $0 }) { throw error }
    }

    /// Unchecked: one thread at a time uses a peer.
    private struct Lent: @unchecked Sendable {
        let peer: AllReducePeer

        init(_ peer: AllReducePeer) {
            self.peer = peer
        }
    }

    /// Processor time of this process, all threads.
    private static func processSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
