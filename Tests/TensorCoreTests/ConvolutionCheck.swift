import TensorCore
import TestSupport

/// Runs the three passes of a convolution and compares them with loops in fp64 on the same (rounded) numbers.
struct ConvolutionCheck {
    let geometry: ConvolutionGeometry
    var elements = ElementType.fp32
    let hasBias: Bool
    /// Nil: those of the rule.
    var paths: ConvolutionPaths?
    /// For the weight's gradient alone.
    var tiles = 1

    /// The worst errors of what is stored in the element type (the output and the input's gradient) and of
    /// what is fp32 anyway (the gradients of weight and bias): each relative to the root mean square of what
    /// is expected. Infinite if anything is not a number or padding is not finite.
    func worstErrors() throws -> (stored: Double, weights: Double) {
        let kernel = try ConvolutionKernel(
            geometry, elements: elements, hasBias: hasBias, needsInputGradient: true, paths: paths,
            tiles: ConvolutionTiles(weightGradient: tiles))
        let context = try kernel.makeContext(Scratch())
        return (
            max(forwardError(kernel, context), dataError(kernel, context)), weightsError(kernel, context)
        )
    }

    func worstError() throws -> Double {
        let errors = try worstErrors()
        return max(errors.stored, errors.weights)
    }

    private var reference: ReferenceConvolution { ReferenceConvolution(geometry: geometry) }
    private var input: [Float] { numbers(geometry.inputCount, seed: 1) }
    private var weight: [Float] { numbers(geometry.weightCount, seed: 2) }
    private var bias: [Float] { values(geometry.outChannels, seed: 3) }
    private var gradient: [Float] { numbers(geometry.outputCount, seed: 4) }

    private func numbers(_ count: Int, seed: UInt64) -> [Float] {
        elements == .bf16 ? values(count, seed: seed).map(Half.rounded) : values(count, seed: seed)
    }

    /// Full of what must be overwritten.
    private func unwritten(_ count: Int) -> AlignedBuffer<Float> {
        buffer([Float](repeating: .nan, count: count))
    }

    private func forwardError(_ kernel: ConvolutionKernel, _ context: ConvolutionContext) -> Double {
        let inputs = Elements(input, elements)
        let biases = buffer(bias)
        let packed = Elements(unwritten: kernel.forwardWeightCount, elements)
        kernel.packForward(weight, into: packed.pointer)
        let output = Elements(unwritten: geometry.outputCount, elements)
        context.forward(
            input: inputs.pointer, weight: packed.pointer,
            bias: hasBias ? UnsafePointer(biases.pointer) : nil,
            output: output.pointer)
        return relativeError(output.floats, reference.forward(input, weight, hasBias ? bias : nil))
    }

    private func dataError(_ kernel: ConvolutionKernel, _ context: ConvolutionContext) -> Double {
        let gradients = Elements(gradient, elements)
        let packed = Elements(unwritten: kernel.backwardWeightCount, elements)
        kernel.packBackward(weight, into: packed.pointer)
        let inputGradient = Elements(unwritten: geometry.inputCount, elements)
        context.backwardData(
            outputGradient: gradients.pointer, weight: packed.pointer, inputGradient: inputGradient.pointer)
        return relativeError(inputGradient.floats, reference.backwardData(gradient, weight))
    }

    private func weightsError(_ kernel: ConvolutionKernel, _ context: ConvolutionContext) -> Double {
        let inputs = Elements(input, elements)
        let gradients = Elements(gradient, elements)
        let native = unwritten(kernel.weightGradientCount)
        let biasGradient = unwritten(geometry.outChannels)
        // Twice, with other layers' leavings in the buffer the second time, as when layers share one.
        for _ in 0..<2 {
            native.elements.update(repeating: .nan)
            biasGradient.elements.update(repeating: .nan)
            for tile in 0..<tiles {
                let inputStart = tile * geometry.inputCount / tiles * elements.byteCount
                let gradientStart = tile * geometry.outputCount / tiles * elements.byteCount
                context.backwardWeights(
                    input: inputs.pointer + inputStart, outputGradient: gradients.pointer + gradientStart,
                    weightGradient: native.pointer, biasGradient: hasBias ? biasGradient.pointer : nil,
                    adds: tile > 0)
            }
        }
        // Padding is part of what the caller codes and sums: it must be zero, lest it hide the largest
        // gradient.
        let nonzero = native.elements.count { $0 != 0 }
        guard nonzero <= geometry.weightCount else { return .infinity }
        let plain = unpack(native, kernel)
        let error = relativeError(plain.elements, reference.backwardWeights(input, gradient))
        guard hasBias else { return error }
        return max(error, relativeError(biasGradient.elements, reference.backwardBias(gradient)))
    }

    private func unpack(
        _ native: borrowing AlignedBuffer<Float>, _ kernel: ConvolutionKernel
    ) -> AlignedBuffer<Float> {
        let plain = kernel.gradientLayout.plain(native.pointer)
        let result = AlignedBuffer<Float>(count: plain.count)
        result.pointer.update(from: plain, count: plain.count)
        return result
    }
}
