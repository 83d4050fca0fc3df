/// The shape of one image's activation: C channels, H rows, W columns. In memory NHWC.
public struct ImageShape: Equatable, Hashable, Sendable, CustomStringConvertible {
    public var channels: Int
    public var height: Int
    public var width: Int

    public init(channels: Int, height: Int, width: Int) {
        self.channels = channels
        self.height = height
        self.width = width
    }

    public var pixels: Int { height * width }
    public var count: Int { channels * height * width }
    public var description: String { "\(channels)×\(height)×\(width)" }

    static func output(of operation: Operation, inputs: [ImageShape], name: String) -> ImageShape {
        func only() -> ImageShape {
            precondition(inputs.count == 1, "\(name) takes one input, got \(inputs.count)")
            return inputs[0]
        }
        switch operation {
        case .input(let channels, let height, let width):
            precondition(inputs.isEmpty, "\(name): the input reads nothing")
            return ImageShape(channels: channels, height: height, width: width)
        case .convolution(let convolution):
            let input = only()
            precondition(
                input.channels % convolution.groups == 0 && convolution.outChannels % convolution.groups == 0,
                "\(name): \(input.channels) to \(convolution.outChannels), groups \(convolution.groups)"
            )
            precondition(
                !convolution.isLinear || convolution.kernel == 1 && input.pixels == 1,
                "\(name): a linear layer on \(input)")
            return input.windowed(
                kernel: convolution.kernel, stride: convolution.stride, padding: convolution.padding,
                channels: convolution.outChannels, name: name)
        case .batchNorm, .activation:
            return only()
        case .add:
            precondition(
                inputs.count == 2 && inputs[0] == inputs[1], "\(name) adds two equal shapes, got \(inputs)")
            return inputs[0]
        case .concatenate:
            precondition(
                inputs.count > 1
                    && inputs.allSatisfy { $0.height == inputs[0].height && $0.width == inputs[0].width },
                "\(name) concatenates images of one height and width, got \(inputs)")
            return ImageShape(
                channels: inputs.reduce(0) { $0 + $1.channels }, height: inputs[0].height,
                width: inputs[0].width)
        case .scale:
            precondition(
                inputs.count == 2
                    && inputs[1] == ImageShape(channels: inputs[0].channels, height: 1, width: 1),
                "\(name) scales channels by one number each, got \(inputs)")
            return inputs[0]
        case .maxPool(let pool), .averagePool(let pool):
            let input = only()
            return input.windowed(
                kernel: pool.kernel, stride: pool.stride, padding: pool.padding, channels: input.channels,
                name: name)
        case .globalAveragePool:
            return ImageShape(channels: only().channels, height: 1, width: 1)
        case .linear(let linear):
            _ = only()
            return ImageShape(channels: linear.outFeatures, height: 1, width: 1)
        }
    }

    private func windowed(kernel: Int, stride: Int, padding: Int, channels: Int, name: String) -> ImageShape {
        precondition(
            height + 2 * padding >= kernel && width + 2 * padding >= kernel,
            "\(name): a window of \(kernel) does not fit \(self) padded by \(padding)")
        return ImageShape(
            channels: channels, height: (height + 2 * padding - kernel) / stride + 1,
            width: (width + 2 * padding - kernel) / stride + 1)
    }
}
