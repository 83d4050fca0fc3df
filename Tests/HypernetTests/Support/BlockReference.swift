import TensorCore
import TestSupport

/// A convolution by the engine; a training batch norm and a ReLU after it in fp64 by the book.
struct BlockReference {
    let geometry: ConvolutionGeometry
    let kernel: ConvolutionKernel
    let context: ConvolutionContext

    init(_ geometry: ConvolutionGeometry, hasBias: Bool) throws {
        self.geometry = geometry
        kernel = try ConvolutionKernel(geometry, hasBias: hasBias, needsInputGradient: true)
        context = try kernel.makeContext(Scratch())
    }

    /// `x` is NHWC, `weight` (N, C, k, k); the result NHWC.
    func convolve(_ x: [Float], weight: [Float], bias: [Float]?) -> [Float] {
        var packed = [Float](repeating: 0, count: kernel.forwardWeightCount)
        kernel.packForward(weight, into: &packed)
        var output = [Float](repeating: 0, count: geometry.outputCount)
        if let bias {
            context.forward(input: x, weight: packed, bias: bias, output: &output)
        } else {
            context.forward(input: x, weight: packed, output: &output)
        }
        return output
    }

    /// The gradients of x (NHWC), the weight (N, C, k, k) and the bias.
    func convolveBackward(
        _ x: [Float], weight: [Float], gradient: [Float]
    ) -> (x: [Float], weight: [Float], bias: [Float]) {
        var packed = [Float](repeating: 0, count: kernel.backwardWeightCount)
        kernel.packBackward(weight, into: &packed)
        var xGradient = [Float](repeating: 0, count: geometry.inputCount)
        context.backwardData(outputGradient: gradient, weight: packed, inputGradient: &xGradient)
        var native = [Float](repeating: 0, count: kernel.weightGradientCount)
        var bias = [Float](repeating: 0, count: geometry.outChannels)
        bias.withUnsafeMutableBufferPointer {
            context.backwardWeights(
                input: x, outputGradient: gradient, weightGradient: &native,
                biasGradient: kernel.hasBias ? $0.baseAddress : nil)
        }
        return (xGradient, kernel.gradientLayout.plain(native), bias)
    }

    static let epsilon = 1e-5
    static let momentum = 0.1

    struct Norm {
        var output: [Double] = []
        var runningMean: [Float] = []
        var runningVariance: [Float] = []
        private(set) var normalized: [Double] = []
        private(set) var inverseDeviation: [Double] = []
        let scale: [Float]
        let channels: Int

        /// A training batch norm over the rows of `x`, NHWC.
        init(_ x: [Float], scale: [Float], shift: [Float], runningMean: [Float], runningVariance: [Float]) {
            channels = scale.count
            self.scale = scale
            let rows = x.count / channels
            normalized = [Double](repeating: 0, count: x.count)
            for channel in 0..<channels {
                let values = (0..<rows).map { Double(x[$0 * channels + channel]) }
                let mean = values.reduce(0, +) / Double(rows)
                let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
                inverseDeviation.append(1 / (squares / Double(rows) + epsilon).squareRoot())
                for row in 0..<rows {
                    normalized[row * channels + channel] = (values[row] - mean) * inverseDeviation[channel]
                }
                let unbiased = squares / Double(rows - 1)
                self.runningMean.append(
                    Float((1 - momentum) * Double(runningMean[channel]) + momentum * mean))
                self.runningVariance.append(
                    Float((1 - momentum) * Double(runningVariance[channel]) + momentum * unbiased))
            }
            output = normalized.indices.map {
                normalized[$0] * Double(scale[$0 % scale.count]) + Double(shift[$0 % scale.count])
            }
        }

        /// From the gradient of the output to those of x, scale and shift.
        func backward(_ gradient: [Double]) -> (x: [Float], scale: [Float], shift: [Float]) {
            let rows = gradient.count / channels
            var shift = [Double](repeating: 0, count: channels)
            var scale = [Double](repeating: 0, count: channels)
            for index in gradient.indices {
                shift[index % channels] += gradient[index]
                scale[index % channels] += gradient[index] * normalized[index]
            }
            let x = gradient.indices.map { index -> Float in
                let channel = index % channels
                let centred =
                    gradient[index] - shift[channel] / Double(rows)
                    - normalized[index] * scale[channel] / Double(rows)
                return Float(centred * inverseDeviation[channel] * Double(self.scale[channel]))
            }
            return (x, scale.map { Float($0) }, shift.map { Float($0) })
        }
    }
}
