import NeuralNet
import TensorCore

/// A shard whose images are kept when they are first asked for, since decoding them costs more than copying;
/// one shard after another.
///
/// Unchecked: an image is written by one thread at a time, and the threads of one pass have all come back
/// before the next pass begins.
final class KeptImages: ShardSource, @unchecked Sendable {
    private let pixels: AlignedBuffer<Float>
    private let isKept: AlignedBuffer<Bool>
    /// Elements of an image.
    private let length: Int
    private var source: (any ShardSource)?

    /// - Parameters:
    ///   - countMax: images of a shard, at most.
    ///   - length: elements of an image.
    init(countMax: Int, length: Int) throws(EngineError) {
        pixels = try AlignedBuffer(attempting: countMax * length)
        isKept = try AlignedBuffer(attempting: countMax)
        self.length = length
    }

    /// Forgets what is kept; from now on it is `source`.
    func begin(_ source: any ShardSource) {
        precondition(source.count <= isKept.count, "\(source.count) images, room for \(isKept.count)")
        isKept.pointer.update(repeating: false, count: isKept.count)
        self.source = source
    }

    private var begun: any ShardSource {
        guard let source else { preconditionFailure("no shard was begun") }
        return source
    }

    var count: Int { begun.count }

    func label(_ index: Int) -> Int { begun.label(index) }

    func write(_ index: Int, into target: UnsafeMutableBufferPointer<Float>) throws {
        let own = UnsafeMutableBufferPointer(start: pixels.pointer + index * length, count: length)
        if !isKept.pointer[index] {
            try begun.write(index, into: own)
            isKept.pointer[index] = true
        }
        _ = target.update(fromContentsOf: own)
    }
}
