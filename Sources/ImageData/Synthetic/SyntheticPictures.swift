import Randomness
import Synchronization

/// The synthetic set's pictures, painted by whichever thread first asks for one of a block and then kept.
final class SyntheticPictures: PlanarSource {
    static let blockImages = 16
    static let imageBytes = 3 * SyntheticPainter.area

    /// Sixteen pictures, or none yet. Painting under the block's own lock: two threads seldom want the same
    /// block.
    private final class Block: Sendable {
        let bytes = Mutex<[UInt8]?>(nil)
    }

    private let random: CounterRandom
    private let count: Int
    private let blocks: [Block]

    init(seed: UInt64, split: String, count: Int) {
        random = CounterRandom(seed: seed, stream: CounterRandom.stream("synthetic " + split))
        self.count = count
        blocks = (0..<(count + Self.blockImages - 1) / Self.blockImages).map { _ in Block() }
    }

    /// The classes take turns: every ten images in a row hold each class once.
    static func label(_ index: Int) -> UInt8 { UInt8(index % SyntheticShape.allCases.count) }

    func withImage(_ index: Int, _ body: (UnsafePointer<UInt8>) -> Void) {
        let block = index / Self.blockImages
        let bytes = blocks[block].bytes.withLock { kept in
            let bytes = kept ?? paint(block)
            kept = bytes
            return bytes
        }
        bytes.withUnsafeBufferPointer { body($0.baseAddress! + index % Self.blockImages * Self.imageBytes) }
    }

    private func paint(_ block: Int) -> [UInt8] {
        let first = block * Self.blockImages
        let images = min(Self.blockImages, count - first)
        return [UInt8](unsafeUninitializedCapacity: images * Self.imageBytes) { buffer, initialized in
            for image in 0..<images {
                let index = first + image
                guard let shape = SyntheticShape(rawValue: Self.label(index)) else { continue }
                SyntheticPainter.paint(
                    shape, QuickRandom(random, UInt64(index)),
                    into: buffer.baseAddress! + image * Self.imageBytes)
            }
            initialized = images * Self.imageBytes
        }
    }
}
