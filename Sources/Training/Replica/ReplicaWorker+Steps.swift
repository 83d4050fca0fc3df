import ClusterCore
import Collective
import Foundation
import NeuralNet
import TensorCore

/// A step.
extension ReplicaWorker {
    /// Computes what of a share is not held, one shard after the other as long as the queue has some.
    func compute(
        _ work: StepWork, _ context: ReductionContext, _ queue: ShardQueue, _ key: ShardQueue.Key
    ) throws {
        guard let replica = try held(at: work.step) else { return }
        let segments = replica.reduction.segments.count
        guard work.overflows.allSatisfy({ $0.segment < segments }) else {
            throw WorkerError.badWork("segments")
        }
        try check(work.shards, below: replica.definition.shardsPerStep)
        try replica.begin(
            attempt: work.attempt,
            overflows: work.overflows.map { Overflow(segment: Int($0.segment), magnitude: $0.magnitude) })
        if departure?.context != context { departure = nil }
        if !queue.allows(key, replica.heldShards) {
            replica.forgetSums()
            departure = nil
        }
        while let shard = queue.next(key) {
            if replica.heldShards.contains(shard) { continue }
            if queue.isEmpty(key), departure == nil, !replica.hasOverflow {
                departure = Departure(context, owners: work.partOwners, queue: departures, post: post)
            }
            try compute(shard, work, replica)
            if departure?.hasBegun == false { departure = nil }
        }
    }

    private func compute(_ shard: Int, _ work: StepWork, _ replica: Replica) throws {
        let start = clock.now
        let overflows = try replica.compute(
            shard: shard, generation: work.generation,
            departure: departure.flatMap { $0.hasBegun ? nil : $0 })
        var computed = WireComputed()
        computed.step = UInt64(work.step)
        computed.attempt = work.attempt
        computed.shards = [UInt32(shard)]
        computed.overflows = overflows.map {
            var overflow = WireOverflow()
            overflow.segment = UInt32($0.segment)
            overflow.magnitude = $0.magnitude
            return overflow
        }
        computed.seconds = (clock.now - start).seconds
        post(.event(.computed(computed)))
    }

    func contribute(_ work: StepWork, _ context: ReductionContext) throws {
        let replica = try held()
        guard replica.step == work.step, replica.attempt == work.attempt,
            replica.heldShards.isSubset(of: ShardSet(work.shards))
        else { return }
        if let departure, departure.context == context { post(.contributions(departure.rest(pool: pool))) }
        departure = nil
        guard let unsent = replica.takeUnsent(generation: context.generation) else { return }
        post(
            .contributions(
                context.contributions(
                    of: unsent.vector, shards: unsent.shards, owners: work.partOwners, pool: pool)))
    }

    func apply(_ step: Int, _ attempt: UInt32, _ sums: GatheredSums) throws {
        guard let replica = try held(at: step) else { return post(.released(sums)) }
        let start = clock.now
        let exponents = feeds.isEmpty ? "" : replica.exponents.json
        let metrics = sums.withSums { replica.apply($0) }
        var done = WireStepDone()
        done.step = UInt64(step)
        done.attempt = attempt
        done.metrics = WireStepMetrics(metrics)
        done.bytesSent = sums.bytesSent
        done.bytesUncoded = sums.bytesUncoded
        done.applySeconds = (clock.now - start).seconds
        (heldRun, lastDone) = (run, done)
        // The next step may begin in the same memory, unless the vector has still to be coded for others.
        if feeds.isEmpty { post(.released(sums)) }
        post(.event(.applied(done)))
        guard !feeds.isEmpty else { return }
        let vector = sums.withSums {
            HistoryVector(step: step, exponents: exponents, vector: $0, pool: pool)
        }
        post(.history(vector))
        post(.released(sums))
    }

    func serve(_ work: StepWork, _ context: ReductionContext, _ sums: GatheredSums) {
        let shards = definition?.shardsPerStep ?? 0
        let served = sums.withSums {
            context.served($0, shards: shards, owners: work.partOwners, pool: pool)
        }
        post(.served(served))
        post(.released(sums))
    }
}

extension WireStepMetrics {
    init(_ metrics: StepMetrics) {
        self.init()
        loss = metrics.lossSum / Double(max(metrics.images, 1))
        top1 = UInt64(clamping: metrics.top1)
        top5 = UInt64(clamping: metrics.top5)
        images = UInt64(clamping: metrics.images)
    }
}
