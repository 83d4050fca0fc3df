import NeuralNet
import Randomness
public import TensorCore

extension HyperNetwork {
    /// Fills `state`, `layout.count` elements, as a function of the seed (METHODS, section 1): latents N(0,
    /// 1), w1 U(±√3), w2 U(±√(3/(m·C·k²))), biases 0, norms 1 and 0, running statistics 0 and 1, linear
    /// U(±1/√in).
    public func initialize(_ state: UnsafeMutablePointer<Float>, seed: UInt64, pool: ComputePool) {
        var linearBound = 0.0
        for tensor in layout.tensors {
            let target = state + tensor.offset
            let random = Self.random(of: tensor.name, seed: seed)
            switch tensor.role {
            case .w1:
                fill(target, tensor.count, bound: 3.0.squareRoot(), random, pool)
            case .w2:
                let fanIn = tensor.shape[0] * tensor.shape[1] * tensor.shape[2]
                fill(target, tensor.count, bound: (3 / Double(fanIn)).squareRoot(), random, pool)
            case .latent:
                Self.fillLatents(UnsafeMutableBufferPointer(start: target, count: tensor.count), random)
            case .plain(.linearWeight):
                // The bias follows its weight and has the same bound.
                linearBound = 1 / Double(tensor.shape[1]).squareRoot()
                fill(target, tensor.count, bound: linearBound, random, pool)
            case .plain(.linearBias):
                fill(target, tensor.count, bound: linearBound, random, pool)
            case .plain(.normScale), .plain(.runningVariance):
                target.update(repeating: 1, count: tensor.count)
            case .b0, .b1, .b2, .plain:
                target.update(repeating: 0, count: tensor.count)
            }
        }
    }

    /// What a latent vector starts as, without the rest of the state.
    /// - Parameter name: as in ``LatentWiring``.
    public static func initialLatents(named name: String, count: Int, seed: UInt64) -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { target, filled in
            fillLatents(
                UnsafeMutableBufferPointer(rebasing: target[..<count]),
                random(of: HyperLayout.latentName(name), seed: seed))
            filled = count
        }
    }

    private static func random(of name: String, seed: UInt64) -> CounterRandom {
        CounterRandom(seed: seed, stream: CounterRandom.stream("hypernet \(name)"))
    }

    private static func fillLatents(_ target: UnsafeMutableBufferPointer<Float>, _ random: CounterRandom) {
        for index in target.indices { target[index] = Float(random.normal(UInt64(index))) }
    }

    /// U(±bound), four elements a block of random words.
    private func fill(
        _ target: UnsafeMutablePointer<Float>, _ count: Int, bound: Double, _ random: CounterRandom,
        _ pool: ComputePool
    ) {
        let work = UniformWork(
            target: target, count: count, bound: bound, random: random, threads: pool.threads)
        pool.run(work)
    }
}

/// Unchecked: threads fill disjoint ranges.
private struct UniformWork: ComputeWork, @unchecked Sendable {
    let target: UnsafeMutablePointer<Float>
    let count: Int
    let bound: Double
    let random: CounterRandom
    let threads: Int

    func run(thread: Int) {
        let blocks = (count + 3) / 4
        for block in blocks * thread / threads..<blocks * (thread + 1) / threads {
            let words = random.block(UInt64(block))
            for lane in 0..<min(4, count - 4 * block) {
                target[4 * block + lane] = Float((Double(words[lane]) * 0x1p-31 + 0x1p-32 - 1) * bound)
            }
        }
    }
}
