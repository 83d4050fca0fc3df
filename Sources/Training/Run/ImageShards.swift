import ImageData
import NeuralNet

/// Training images at consecutive positions of the run's sample order, augmented.
struct TrainingShard: ShardSource {
    let images: any ImageSet
    let order: SampleOrder
    let seed: UInt64
    let first: Int
    let count: Int

    func label(_ index: Int) -> Int {
        images.label(order.sample(at: first + index).index)
    }

    func write(_ index: Int, into pixels: UnsafeMutableBufferPointer<Float>) throws {
        let sample = order.sample(at: first + index)
        let draw = Augmentation.Draw(seed: seed, epoch: sample.epoch, sample: sample.index)
        try images.write(sample.index, augmentation: draw, into: pixels)
    }
}

/// Test images `first` and on, in the set's order, as they are.
struct TestShard: ShardSource {
    let images: any ImageSet
    let first: Int
    let count: Int

    func label(_ index: Int) -> Int {
        images.label(first + index)
    }

    func write(_ index: Int, into pixels: UnsafeMutableBufferPointer<Float>) throws {
        try images.write(first + index, augmentation: nil, into: pixels)
    }
}
