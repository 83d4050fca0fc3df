/// Which worker computes which shards, by their speeds. The result of a step does not depend on it.
public enum ShardDeal {
    /// Deals shards so that the last worker to finish finishes as early as possible.
    ///
    /// - Parameters:
    ///   - shards: to deal; each worker gets a contiguous run of them.
    ///   - seconds: for one shard, by worker.
    ///   - loads: shards that workers have to compute already.
    /// - Returns: what each worker gets; those that get nothing are left out.
    public static func deal(
        _ shards: [Int], seconds: [UInt32: Double], loads: [UInt32: Int] = [:]
    ) -> [UInt32: [Int]] {
        precondition(!seconds.isEmpty || shards.isEmpty, "no worker to deal \(shards.count) shards to")
        let workers = seconds.keys.sorted()
        var counts: [UInt32: Int] = [:]
        for _ in shards {
            let next = workers.min { first, second in
                finish(first, seconds, loads, counts) < finish(second, seconds, loads, counts)
            }!
            counts[next, default: 0] += 1
        }
        var result: [UInt32: [Int]] = [:]
        var rest = shards[...]
        for worker in workers {
            guard let count = counts[worker] else { continue }
            result[worker] = Array(rest.prefix(count))
            rest = rest.dropFirst(count)
        }
        return result
    }

    /// When a worker would be done with one shard more.
    private static func finish(
        _ worker: UInt32, _ seconds: [UInt32: Double], _ loads: [UInt32: Int], _ counts: [UInt32: Int]
    ) -> Double {
        Double((loads[worker] ?? 0) + (counts[worker] ?? 0) + 1) * seconds[worker]!
    }
}
