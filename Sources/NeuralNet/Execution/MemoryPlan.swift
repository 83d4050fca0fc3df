import TensorCore

/// Where the buffers of one slice lie in its part of the arena, so that buffers which are never needed at the
/// same time share memory. A slice is carried by one thread, so "time" is the position in the program.
struct MemoryPlan {
    /// A buffer of `byteCount` bytes, needed from position `first` to position `last`.
    struct Interval {
        var byteCount: Int
        var first: Int
        var last: Int
    }

    /// In bytes, multiples of 64.
    private(set) var offsets: [Int]
    /// Of the whole plan, a multiple of 64.
    private(set) var byteCount = 0

    /// Largest first, each at the lowest offset that is free during its interval (Pisarchyk, Lee: "Efficient
    /// memory management for deep neural net inference", 2020).
    init(_ intervals: [Interval]) {
        offsets = [Int](repeating: 0, count: intervals.count)
        var placed: [Int] = []
        let order = intervals.indices.sorted {
            (intervals[$0].byteCount, $1) > (intervals[$1].byteCount, $0)
        }
        for index in order {
            let neighbours = placed.filter {
                intervals[$0].first <= intervals[index].last && intervals[index].first <= intervals[$0].last
            }
            let size = Self.aligned(intervals[index].byteCount)
            var offset = 0
            for other in neighbours.sorted(by: { offsets[$0] < offsets[$1] }) {
                if offset + size <= offsets[other] { break }
                offset = max(offset, offsets[other] + Self.aligned(intervals[other].byteCount))
            }
            offsets[index] = offset
            byteCount = max(byteCount, offset + size)
            placed.append(index)
        }
    }

    static func aligned(_ byteCount: Int) -> Int { (byteCount + 63) / 64 * 64 }

    /// `count` elements and as many more as fill 64 bytes.
    static func aligned(_ count: Int, of elements: ElementType) -> Int {
        aligned(count * elements.byteCount) / elements.byteCount
    }
}
