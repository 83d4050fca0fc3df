import ClusterCore
import NeuralNet

/// The thread that owns a worker's replica: it carries out commands in order and posts what came of them.
final class ReplicaThread: ReplicaPort {
    private enum Order: Sendable {
        case command(ReplicaCommand)
        case compute(StepWork, ReductionContext, ShardQueue.Key)
    }

    private let orders = CommandQueue<Order>()
    private let shards = ShardQueue()

    init(threads: Int, outputs: Mailbox<ReplicaOutput>) {
        PlainThread.start { [orders, shards] in
            let worker = ReplicaWorker(threads: threads, post: outputs.post)
            while true {
                do {
                    switch orders.next() {
                    case .command(.end): return
                    case .command(let command): try worker.perform(command)
                    case .compute(let work, let context, let key):
                        try worker.compute(work, context, shards, key)
                    }
                } catch {
                    // Every worker meets the same gradients; all else may be this machine's trouble.
                    outputs.post(.event(.failed(reason: "\(error)", everywhere: error is FixedPointError)))
                }
            }
        }
    }

    func send(_ command: ReplicaCommand) {
        if case .suspend = command { shards.clear() }
        if case .compute(let work, let context) = command {
            orders.send(.compute(work, context, shards.add(work)))
        } else {
            orders.send(.command(command))
        }
    }

    func yield(step: Int, attempt: UInt32, count: Int) -> [Int] {
        shards.yield(step: step, attempt: attempt, count: count)
    }
}
