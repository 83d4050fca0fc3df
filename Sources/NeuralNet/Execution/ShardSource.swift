/// One shard's images, as the executor asks for them.
public protocol ShardSource: Sendable {
    /// Images in the shard. Training takes whole shards; evaluation also a shorter last one.
    var count: Int { get }
    /// The class of image `index` in 0..<count.
    func label(_ index: Int) -> Int
    /// Writes image `index`, NHWC, normalised, exactly the input shape's count. Called on compute threads,
    /// several at a time for different images.
    func write(_ index: Int, into pixels: UnsafeMutableBufferPointer<Float>) throws
}

/// What is wrong with a shard that was handed to an ``Executor``.
public enum ShardError: Error, Equatable, CustomStringConvertible {
    case label(Int, image: Int, classes: Int)
    case imageCount(Int, shard: Int)

    public var description: String {
        switch self {
        case .label(let label, let image, let classes):
            "image \(image) of the shard has label \(label), but the network has \(classes) classes"
        case .imageCount(let count, let shard):
            "a shard of \(count) images, but the network takes \(shard)"
        }
    }
}
