import Randomness

/// Integers distributed as those of gradients: of both signs, most of them small against the largest.
enum GradientSums {
    /// - Parameters:
    ///   - bits: the largest magnitude is near 2^(bits − 3), as in training.
    ///   - worker: gives each its own.
    static func make(_ count: Int, bits: Int, worker: Int) -> [Int32] {
        let random = CounterRandom(seed: 1, stream: UInt64(worker))
        // The largest of a tensor's normal values is some four deviations out; tensors differ in scale.
        let scale = Double(1 << max(0, bits - 3)) / 4
        return (0..<count).map { index in
            let tensor = Double(1 + index / 20_000 % 4)
            return Int32(clamping: Int((Double(random.normal(UInt64(index))) * scale / tensor).rounded()))
        }
    }
}
