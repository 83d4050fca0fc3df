package import Collective
package import TensorCore

/// The integer sums of the shards that a replica has computed in one attempt at a step.
///
/// They stay until the next attempt begins: when members change, all go out again in the new partition. What
/// has gone out in a generation goes out no more in it, so shards computed later in that generation are
/// summed apart, in a second vector made when it is first needed, until they have gone out too.
package final class HeldSums {
    /// What one contribution holds: `vector` may be read until the next call.
    package struct Unsent {
        package let shards: ShardSet
        package let vector: UnsafeBufferPointer<Int32>
    }

    private final class Sums {
        let values: AlignedBuffer<Int32>
        var shards = ShardSet()

        init(count: Int) throws(EngineError) {
            values = try AlignedBuffer(attempting: count)
        }
    }

    private let count: Int
    private let main: Sums
    private var spare: Sums?
    /// The one that shards are being added to.
    private var open: Sums?
    /// The generation in which the main sums went out last.
    private var sentGeneration: UInt64?

    /// - Parameter count: elements of the reduced vector.
    package init(count: Int) throws(EngineError) {
        self.count = count
        main = try Sums(count: count)
    }

    /// All shards held.
    package var shards: ShardSet {
        var all = main.shards
        if let spare { all.formUnion(spare.shards) }
        return all
    }

    /// The first vector: all sums, while nothing has been kept apart from them.
    package var vector: UnsafeBufferPointer<Int32> { UnsafeBufferPointer(main.values.elements) }

    /// Forgets everything, for another attempt or step.
    package func reset() {
        main.shards = ShardSet()
        spare?.shards = ShardSet()
        open = nil
        sentGeneration = nil
    }

    /// Where to add the next shard that is computed in a generation.
    /// - Returns: the vector, and whether it is to be cleared first.
    package func place(generation: UInt64) throws(EngineError) -> (UnsafeMutablePointer<Int32>, isNew: Bool) {
        if let open, open !== main || sentGeneration != generation { return (open.values.pointer, false) }
        let place: Sums
        if main.shards.isEmpty {
            place = main
        } else if let spare {
            place = spare
        } else {
            place = try Sums(count: count)
            spare = place
        }
        open = place
        return (place.values.pointer, true)
    }

    /// The main sums begin to go out while a shard is still being added to them: what is computed later in this
    /// generation is kept apart from them.
    /// - Returns: the shards before that one; nil if the open vector is another, or has gone out.
    func depart(generation: UInt64) -> ShardSet? {
        guard open === main, sentGeneration != generation else { return nil }
        sentGeneration = generation
        return main.shards
    }

    /// Notes that the vector last given by ``place(generation:)`` holds this shard, too.
    package func add(_ shard: Int) {
        precondition(open != nil, "shard \(shard) was computed without a place for it")
        open?.shards.insert(shard)
    }

    /// What has not gone out in this generation; nil if there is nothing. It counts as gone out.
    package func takeUnsent(generation: UInt64) -> Unsent? {
        if sentGeneration != generation {
            merge()
            guard !main.shards.isEmpty else { return nil }
            sentGeneration = generation
            return Unsent(shards: main.shards, vector: vector)
        }
        guard let spare, !spare.shards.isEmpty else { return nil }
        let unsent = Unsent(shards: spare.shards, vector: UnsafeBufferPointer(spare.values.elements))
        merge()
        return unsent
    }

    /// Adds the second vector to the first; it keeps its values until it is opened again.
    private func merge() {
        guard let spare, !spare.shards.isEmpty else { return }
        IntegerSums.add(UnsafeBufferPointer(spare.values.elements), to: main.values.elements)
        main.shards.formUnion(spare.shards)
        spare.shards = ShardSet()
        if open === spare { open = nil }
    }
}
