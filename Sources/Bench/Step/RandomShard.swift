import NeuralNet
import Randomness
import TensorCore

/// Noise for images: what they show has no influence on a step's time. Made once, so that a step only copies.
final class RandomShard: ShardSource {
    let count: Int
    private let classes: Int
    private let random: CounterRandom
    private let pixels: AlignedBuffer<Float>
    private let imageCount: Int

    init(graph: Graph, count: Int, seed: UInt64, index: Int) throws(EngineError) {
        self.count = count
        classes = graph.outputCount
        imageCount = graph.inputShape.count
        random = CounterRandom(seed: seed, stream: CounterRandom.stream("bench shard", index))
        pixels = try AlignedBuffer(attempting: count * imageCount)
        for block in 0..<(pixels.count + 3) / 4 {
            let words = random.block(UInt64(block))
            for place in 0..<min(4, pixels.count - 4 * block) {
                // Uniform with variance 1.
                pixels.pointer[4 * block + place] = (Float(words[place]) * 0x1p-31 - 1) * 1.7320508
            }
        }
    }

    func label(_ index: Int) -> Int {
        random.integer(UInt64.max - UInt64(index), below: classes)
    }

    func write(_ index: Int, into target: UnsafeMutableBufferPointer<Float>) {
        target.baseAddress?.update(from: pixels.pointer + index * imageCount, count: imageCount)
    }
}
