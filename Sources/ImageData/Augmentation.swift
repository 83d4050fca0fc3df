import Randomness

/// Random changes to training images: which format uses which, and where the random numbers come from.
public enum Augmentation: Equatable, Sendable {
    /// Pad by `pad` black pixels on each side, crop back to the size at random, flip half of the images.
    case padCropFlip(pad: Int)
    /// Flip half of the images left to right.
    case flip
    /// A random part of the image (torchvision's RandomResizedCrop), resized; flip half of the images.
    case resizedCropFlip

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
