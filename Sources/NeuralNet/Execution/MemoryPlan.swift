/// Where the buffers of one slice lie in its part of the arena, so that buffers which are never needed at the
/// same time share memory. A slice is carried by one thread, so "time" is the position in the program.
struct MemoryPlan {
    /// A buffer of `count` floats, needed from position `first` to position `last`.
    struct Interval {
        var count: Int
        var first: Int
        var last: Int
    }

    /// In floats, multiples of 16 (64 bytes).
    private(set) var offsets: [Int]
    /// Floats of the whole plan, a multiple of 16.
    private(set) var count = 0

    /// Largest first, each at the lowest offset that is free during its interval (Pisarchyk, Lee: "Efficient
    /// memory management for deep neural net inference", 2020).
    init(_ intervals: [Interval]) {
        offsets = [Int](repeating: 0, count: intervals.count)
        var placed: [Int] = []
        let order = intervals.indices.sorted {
            (intervals[$0].count, $1) > (intervals[$1].count, $0)
        }
        for index in order {
            let neighbours = placed.filter {
                intervals[$0].first <= intervals[index].last && intervals[index].first <= intervals[$0].last
            }
            let size = Self.aligned(intervals[index].count)
            var offset = 0
            for other in neighbours.sorted(by: { offsets[$0] < offsets[$1] }) {
                if offset + size <= offsets[other] { break }
                offset = max(offset, offsets[other] + Self.aligned(intervals[other].count))
            }
            offsets[index] = offset
            count = max(count, offset + size)
            placed.append(index)
        }
    }

    static func aligned(_ count: Int) -> Int { (count + 15) / 16 * 16 }
}
