import ClusterCore
import Collective
import Transport

/// What comes of the replica's work.
extension WorkerNode {
    func take(_ output: ReplicaOutput) throws {
        switch output {
        case .event(let event):
            if case .feedEnded(let ended) = event { closeFeed(ended.feed) }
            try tell(event)
        case .shaped(let elements, let shards): shape = (elements, shards)
        case .snapshot(let snapshot): stateSender.add(snapshot, to: .link(control))
        case .contributions(let contributions): try take(contributions)
        case .served(let served): try take(served)
        case .feedState(let feed, let snapshot, let digest):
            feedSender.begin(feed, snapshot, digest: digest)
        case .history(let vector):
            guard let run = machine.run else { return }
            for number in feedSender.add(vector, run: run, envelope: envelope) {
                let bound = feedSender.waitingBytesMax >> 20
                try endFeed(number, "over \(bound) MiB of vectors wait for the joining worker")
            }
        case .released(let sums): sums.readers -= 1
        }
    }

    private func take(_ contributions: Contributions) throws {
        guard let reduction, reduction.context.step == contributions.step,
            reduction.context.attempt == contributions.attempt,
            reduction.context.generation == contributions.generation
        else { return }
        do {
            try sendOut(reduction.contribute(contributions))
        } catch let error as CollectiveError {
            try tell(.failed(reason: "\(error)", everywhere: false))
        }
    }

    private func take(_ served: Served) throws {
        guard served.generation == machine.generation else { return }
        try sendOut(served.messages.map { Reduction.Outgoing(workers: peers.workers, frames: $0.frames) })
    }
}
