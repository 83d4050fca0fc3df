import Randomness

/// Random changes to training images. CIFAR and the synthetic set: pad by 4 black pixels, crop back, flip
/// half of the images. Tiny-ImageNet: flip. ImageFolder: a random part of the image, resized; flip.
public enum Augmentation {
    /// The random choices for one sample in one epoch: a function of (seed, epoch, sample), whoever asks.
    public struct Draw: Sendable {
        let random: CounterRandom

        public init(seed: UInt64, epoch: Int, sample: Int) {
            random = CounterRandom(seed: seed, stream: CounterRandom.stream("augment", epoch, sample))
        }

        /// Whether to mirror the image.
        var flips: Bool { random.bits(0) >> 63 == 1 }

        /// Offsets of a crop in an image padded so that `choices` positions exist in each direction.
        func cropOffset(choices: Int) -> (x: Int, y: Int) {
            (random.integer(1, below: choices), random.integer(2, below: choices))
        }
    }
}
