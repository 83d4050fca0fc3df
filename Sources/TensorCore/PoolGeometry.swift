/// A square pooling window over a batch. Activations are NHWC.
public struct PoolGeometry: Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        case maximum
        /// Padded positions count in the divisor.
        case average
    }

    public var kind: Kind
    public var images: Int
    public var channels: Int
    public var inHeight: Int
    public var inWidth: Int
    public var kernel: Int
    public var stride: Int
    public var padding: Int

    public init(
        _ kind: Kind, images: Int, channels: Int, inHeight: Int, inWidth: Int, kernel: Int, stride: Int,
        padding: Int = 0
    ) {
        self.kind = kind
        self.images = images
        self.channels = channels
        self.inHeight = inHeight
        self.inWidth = inWidth
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
    }

    public var outHeight: Int { (inHeight + 2 * padding - kernel) / stride + 1 }
    public var outWidth: Int { (inWidth + 2 * padding - kernel) / stride + 1 }
    public var inputCount: Int { images * inHeight * inWidth * channels }
    public var outputCount: Int { images * outHeight * outWidth * channels }

    /// No less than a maximum's ``PoolKernel/workspaceByteCount``: oneDNN keeps the winner's place in the window, in
    /// one byte if that is enough.
    public var workspaceByteCountMax: Int { outputCount * (kernel * kernel <= 256 ? 1 : 4) }

    public var description: String {
        "\(kind) over \(images)×\(channels)×\(inHeight)×\(inWidth), kernel \(kernel), stride \(stride), "
            + "padding \(padding)"
    }

    var isValid: Bool {
        images > 0 && channels > 0 && inHeight > 0 && inWidth > 0 && kernel > 0 && stride > 0 && padding >= 0
            && padding < kernel && inHeight + 2 * padding >= kernel && inWidth + 2 * padding >= kernel
    }
}
