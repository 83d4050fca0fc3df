internal import CKernels

/// A square convolution of a batch: `images` of inChannels × inHeight × inWidth to outChannels × outHeight
/// × outWidth. Activations are NHWC, the weight (outChannels, inChannels / groups, kernel, kernel).
public struct ConvolutionGeometry: Hashable, Sendable, CustomStringConvertible {
    public var images: Int
    public var inChannels: Int
    public var inHeight: Int
    public var inWidth: Int
    public var outChannels: Int
    public var kernel: Int
    public var stride: Int
    public var padding: Int
    public var groups: Int

    public init(
        images: Int, inChannels: Int, inHeight: Int, inWidth: Int, outChannels: Int, kernel: Int,
        stride: Int = 1,
        padding: Int = 0, groups: Int = 1
    ) {
        self.images = images
        self.inChannels = inChannels
        self.inHeight = inHeight
        self.inWidth = inWidth
        self.outChannels = outChannels
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
        self.groups = groups
    }

    public var outHeight: Int { (inHeight + 2 * padding - kernel) / stride + 1 }
    public var outWidth: Int { (inWidth + 2 * padding - kernel) / stride + 1 }
    /// Elements of the input, of the output, and of the weight in its plain layout.
    public var inputCount: Int { images * inHeight * inWidth * inChannels }
    public var outputCount: Int { images * outHeight * outWidth * outChannels }
    public var weightCount: Int { outChannels * (inChannels / groups) * kernel * kernel }

    public var description: String {
        "\(images)×\(inChannels)×\(inHeight)×\(inWidth) to \(outChannels), kernel \(kernel), "
            + "stride \(stride), padding \(padding), groups \(groups)"
    }

    /// Whether the numbers describe a convolution at all.
    var isValid: Bool {
        [images, inChannels, inHeight, inWidth, outChannels, kernel, stride, groups].allSatisfy { $0 > 0 }
            && padding >= 0 && inChannels % groups == 0 && outChannels % groups == 0
            && inHeight + 2 * padding >= kernel && inWidth + 2 * padding >= kernel
    }
}

extension ConvolutionGeometry {
    /// For loops that know no groups.
    var shape: espalier_convolution_shape {
        espalier_convolution_shape(
            images: images, in_channels: inChannels, in_height: inHeight, in_width: inWidth,
            out_channels: outChannels, out_height: outHeight, out_width: outWidth, kernel: kernel,
            stride: stride, padding: padding)
    }
}
