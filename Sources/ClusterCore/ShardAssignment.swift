/// Which worker computes which shards. The result of a step does not depend on it.
public enum ShardAssignment {
    /// Contiguous runs of shards of nearly equal length, in the order of `workers`; those that get none are
    /// left out.
    public static func even(shards: Range<Int>, workers: [UInt32]) -> [UInt32: [Int]] {
        precondition(!workers.isEmpty, "no worker to assign \(shards.count) shards to")
        var result: [UInt32: [Int]] = [:]
        for (index, worker) in workers.enumerated() {
            let first = shards.lowerBound + shards.count * index / workers.count
            let end = shards.lowerBound + shards.count * (index + 1) / workers.count
            if first < end { result[worker] = Array(first..<end) }
        }
        return result
    }
}
