import TensorCore

/// Runs the three passes of a convolution and compares them with loops in fp64.
struct ConvolutionCheck {
    let geometry: ConvolutionGeometry
    let hasBias: Bool

    /// The worst error of the output, of the gradients of input, weight and bias: each relative to the root
    /// mean square of what is expected. Infinite if anything is not a number or padding is not finite.
    func worstError() throws -> Double {
        let kernel = try ConvolutionKernel(geometry, hasBias: hasBias, needsInputGradient: true)
        let context = try kernel.makeContext(Scratch())
        return max(forwardError(kernel, context), dataError(kernel, context), weightsError(kernel, context))
    }

    private var reference: ReferenceConvolution { ReferenceConvolution(geometry: geometry) }
    private var input: [Float] { values(geometry.inputCount, seed: 1) }
    private var weight: [Float] { values(geometry.weightCount, seed: 2) }
    private var bias: [Float] { values(geometry.outChannels, seed: 3) }
    private var gradient: [Float] { values(geometry.outputCount, seed: 4) }

    /// Full of what must be overwritten.
    private func unwritten(_ count: Int) -> AlignedBuffer<Float> {
        buffer([Float](repeating: .nan, count: count))
    }

    private func forwardError(_ kernel: ConvolutionKernel, _ context: ConvolutionContext) -> Double {
        let inputs = buffer(input)
        let biases = buffer(bias)
        let packed = unwritten(kernel.forwardWeightCount)
        kernel.packForward(weight, into: packed.pointer)
        let output = unwritten(geometry.outputCount)
        context.forward(
            input: inputs.pointer, weight: packed.pointer,
            bias: hasBias ? UnsafePointer(biases.pointer) : nil,
            output: output.pointer)
        return relativeError(output.elements, reference.forward(input, weight, hasBias ? bias : nil))
    }

    private func dataError(_ kernel: ConvolutionKernel, _ context: ConvolutionContext) -> Double {
        let gradients = buffer(gradient)
        let packed = unwritten(kernel.backwardWeightCount)
        kernel.packBackward(weight, into: packed.pointer)
        let inputGradient = unwritten(geometry.inputCount)
        context.backwardData(
            outputGradient: gradients.pointer, weight: packed.pointer, inputGradient: inputGradient.pointer)
        return relativeError(inputGradient.elements, reference.backwardData(gradient, weight))
    }

    private func weightsError(_ kernel: ConvolutionKernel, _ context: ConvolutionContext) -> Double {
        let inputs = buffer(input)
        let gradients = buffer(gradient)
        let native = unwritten(kernel.weightGradientCount)
        let biasGradient = unwritten(geometry.outChannels)
        // Twice, with other layers' leavings in the buffer the second time, as when layers share one.
        for _ in 0..<2 {
            native.elements.update(repeating: .nan)
            biasGradient.elements.update(repeating: .nan)
            context.backwardWeights(
                input: inputs.pointer, outputGradient: gradients.pointer, weightGradient: native.pointer,
                biasGradient: hasBias ? biasGradient.pointer : nil)
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

    /// Native to plain through the integers' path, which carries any 32 bits.
    private func unpack(
        _ native: borrowing AlignedBuffer<Float>, _ kernel: ConvolutionKernel
    ) -> AlignedBuffer<Float> {
        let sums = AlignedBuffer<Int32>(count: native.count)
        for i in 0..<native.count { sums.pointer[i] = Int32(bitPattern: native.pointer[i].bitPattern) }
        let plain = AlignedBuffer<Int32>(count: geometry.weightCount)
        kernel.unpackGradient(sums.pointer, into: plain.pointer)
        let result = AlignedBuffer<Float>(count: plain.count)
        for i in 0..<plain.count {
            result.pointer[i] = Float(bitPattern: UInt32(bitPattern: plain.pointer[i]))
        }
        return result
    }
}
