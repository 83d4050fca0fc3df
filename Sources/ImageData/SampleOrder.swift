import Randomness

/// The order in which samples are visited: position p of the whole training lies in epoch p / count, and
/// every epoch is a permutation of all samples. A function of (seed, position): no state, random access, any
/// thread.
///
/// The permutation is a Feistel network over pairs (l, r), l < a, r < b, with a·b just above `count`, and
/// Philox as its round function; a result beyond `count` is permuted again until it falls inside ("cycle
/// walking", Black and Rogaway, "Ciphers with arbitrary finite domains", 2002). Nothing is stored; a look-up
/// takes under a microsecond.
public struct SampleOrder: Sendable {
    public let count: Int
    private let seed: UInt64
    private let left: Int
    private let right: Int

    static let rounds: UInt64 = 8

    /// - Parameters:
    ///   - seed: the run's seed.
    ///   - count: samples per epoch, at least 1.
    public init(seed: UInt64, count: Int) {
        precondition(count > 0 && count <= 1 << 40, "an epoch of \(count) samples")
        self.seed = seed
        self.count = count
        var side = max(1, Int(Double(count).squareRoot()))
        while side * side < count { side += 1 }
        left = side
        right = (count + side - 1) / side
    }

    /// The sample at `position` (counted from 0 over all epochs).
    public func sample(at position: Int) -> (epoch: Int, index: Int) {
        precondition(position >= 0, "position \(position)")
        let epoch = position / count
        let random = CounterRandom(seed: seed, stream: CounterRandom.stream("order", epoch))
        var value = position % count
        repeat { value = permuted(value, random) } while value >= count
        return (epoch, value)
    }

    /// A permutation of 0 ..< left · right.
    private func permuted(_ value: Int, _ random: CounterRandom) -> Int {
        var l = value / right
        var r = value % right
        for round in 0..<Self.rounds {
            if round & 1 == 0 {
                l = (l + random.integer(round << 40 | UInt64(r), below: left)) % left
            } else {
                r = (r + random.integer(round << 40 | UInt64(l), below: right)) % right
            }
        }
        return l * right + r
    }
}
