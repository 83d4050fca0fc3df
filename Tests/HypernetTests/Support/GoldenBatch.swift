import Checkpoint
import NeuralNet

/// A golden batch as a shard.
struct GoldenBatch: ShardSource {
    let labels: [Int]
    let pixels: [Float]

    var count: Int { labels.count }

    /// - Parameters:
    ///   - images: the name of a tensor (images, channels, height, width).
    ///   - labels: the name of its labels; nil: all 0.
    init(_ file: SafetensorsFile, images: String, labels: String?) throws {
        guard let shape = file[images]?.shape else { throw GoldenMissing(what: images) }
        pixels = Permutation.imagesToNHWC(try file.floats(images), shape)
        self.labels =
            try labels.map { try file.int64s($0).map { Int($0) } } ?? [Int](repeating: 0, count: shape[0])
    }

    func label(_ index: Int) -> Int { labels[index] }

    func write(_ index: Int, into target: UnsafeMutableBufferPointer<Float>) {
        let size = pixels.count / labels.count
        _ = target.update(fromContentsOf: pixels[index * size..<(index + 1) * size])
    }
}
