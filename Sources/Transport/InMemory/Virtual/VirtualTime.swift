/// The time of a simulation and what is to happen in it: a queue ordered by time and, within one moment, by
/// the order of scheduling. Nothing else moves the clock, so a simulation runs the same way each time.
package final class VirtualTime {
    private struct Item {
        let nanoseconds: Int64
        let serial: Int
        let action: () -> Void

        func precedes(_ other: Item) -> Bool {
            nanoseconds == other.nanoseconds ? serial < other.serial : nanoseconds < other.nanoseconds
        }
    }

    /// Since the simulation's start.
    package private(set) var nanoseconds: Int64 = 0
    private var heap: [Item] = []
    private var serial = 0

    package init() {}

    package var now: Duration { .nanoseconds(nanoseconds) }

    package func schedule(after delay: Int64, _ action: @escaping () -> Void) {
        precondition(delay >= 0, "an event \(-delay) ns in the past")
        serial += 1
        heap.append(Item(nanoseconds: nanoseconds + delay, serial: serial, action: action))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].precedes(heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Moves on to the next event and lets it happen; false if there is none.
    package func runNext() -> Bool {
        guard !heap.isEmpty else { return false }
        heap.swapAt(0, heap.count - 1)
        let item = heap.removeLast()
        sink()
        nanoseconds = item.nanoseconds
        item.action()
        return true
    }

    /// Forgets everything that was to happen.
    package func clear() { heap = [] }

    private func sink() {
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < heap.count else { return }
            let right = left + 1
            let child = right < heap.count && heap[right].precedes(heap[left]) ? right : left
            guard heap[child].precedes(heap[parent]) else { return }
            heap.swapAt(child, parent)
            parent = child
        }
    }
}
