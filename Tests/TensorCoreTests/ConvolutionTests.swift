import TensorCore
import Testing

/// Every kind of geometry against loops in fp64: all three passes, packing and unpacking of weights.
@Suite struct ConvolutionTests {
    static let geometries: [ConvolutionGeometry] = [
        // Channel counts of plain 3×3 and 1×1 layers, odd ones as after pruning.
        geometry(2, 3, 8, 8, 16, kernel: 3),
        geometry(2, 1, 9, 7, 7, kernel: 3),
        geometry(1, 7, 8, 8, 16, kernel: 3),
        geometry(2, 16, 8, 8, 16, kernel: 3),
        geometry(1, 16, 8, 8, 37, kernel: 3),
        geometry(2, 37, 6, 5, 16, kernel: 3),
        geometry(1, 37, 5, 6, 203, kernel: 3),
        geometry(1, 203, 4, 4, 37, kernel: 3),
        geometry(2, 37, 7, 7, 203, kernel: 1),
        geometry(1, 203, 6, 6, 64, kernel: 1),
        geometry(2, 64, 8, 8, 256, kernel: 1),
        geometry(2, 1, 5, 5, 1, kernel: 1),
        // Strides on odd and even sizes; the stem of ImageNet's networks.
        geometry(1, 3, 33, 31, 64, kernel: 7, stride: 2),
        geometry(2, 16, 9, 9, 32, kernel: 3, stride: 2),
        geometry(2, 16, 8, 8, 37, kernel: 3, stride: 2),
        geometry(2, 16, 8, 8, 32, kernel: 1, stride: 2),
        geometry(1, 37, 9, 7, 19, kernel: 1, stride: 2),
        geometry(1, 16, 9, 9, 16, kernel: 5),
        geometry(1, 16, 9, 9, 16, kernel: 3, padding: 0),
        geometry(1, 16, 8, 8, 16, kernel: 2, stride: 2, padding: 0),
        // Grouped and depthwise.
        geometry(2, 16, 8, 8, 32, kernel: 3, groups: 4),
        geometry(1, 24, 8, 8, 24, kernel: 3, stride: 2, groups: 3),
        geometry(1, 14, 7, 7, 21, kernel: 3, groups: 7),
        geometry(2, 32, 8, 8, 32, kernel: 3, groups: 32),
        geometry(1, 37, 9, 9, 37, kernel: 3, stride: 2, groups: 37),
        geometry(2, 203, 5, 5, 203, kernel: 5, groups: 203),
        geometry(1, 8, 6, 6, 16, kernel: 3, groups: 8),
        // Images of one pixel.
        geometry(4, 64, 1, 1, 37, kernel: 1),
        geometry(2, 16, 1, 1, 16, kernel: 3),
        geometry(3, 1, 1, 1, 1, kernel: 1),
        geometry(2, 16, 1, 1, 16, kernel: 3, groups: 16),
    ]

    static func geometry(
        _ images: Int, _ inChannels: Int, _ height: Int, _ width: Int, _ outChannels: Int, kernel: Int,
        stride: Int = 1, padding: Int? = nil, groups: Int = 1
    ) -> ConvolutionGeometry {
        ConvolutionGeometry(
            images: images, inChannels: inChannels, inHeight: height, inWidth: width,
            outChannels: outChannels,
            kernel: kernel, stride: stride, padding: padding ?? kernel / 2, groups: groups)
    }

    /// fp32 sums of up to 2000 products against fp64, relative to the result's root mean square.
    static let tolerance = 2e-5

    @Test(arguments: geometries, [false, true])
    func passesAgreeWithLoops(_ geometry: ConvolutionGeometry, hasBias: Bool) throws {
        let kernel = try ConvolutionKernel(geometry, hasBias: hasBias, needsInputGradient: true)
        let context = try kernel.makeContext(Scratch())
        let reference = ReferenceConvolution(geometry: geometry)
        let (input, weight) = (values(geometry.inputCount, seed: 1), values(geometry.weightCount, seed: 2))
        let bias = values(geometry.outChannels, seed: 3)
        let gradient = values(geometry.outputCount, seed: 4)
        let inputs = buffer(input)
        let gradients = buffer(gradient)
        let biases = buffer(bias)

        let packed = AlignedBuffer<Float>(count: kernel.forwardWeightCount)
        kernel.packForward(weight, into: packed.pointer)
        let outputs = buffer([Float](repeating: .nan, count: geometry.outputCount))
        context.forward(
            input: inputs.pointer, weight: packed.pointer,
            bias: hasBias ? UnsafePointer(biases.pointer) : nil,
            output: outputs.pointer)
        let output = reference.forward(input, weight, hasBias ? bias : nil)
        #expect(relativeError(outputs.elements, output) < Self.tolerance)

        let backward = AlignedBuffer<Float>(count: kernel.backwardWeightCount)
        kernel.packBackward(weight, into: backward.pointer)
        let inputGradients = buffer([Float](repeating: .nan, count: geometry.inputCount))
        context.backwardData(
            outputGradient: gradients.pointer, weight: backward.pointer, inputGradient: inputGradients.pointer
        )
        let inputGradient = reference.backwardData(gradient, weight)
        #expect(relativeError(inputGradients.elements, inputGradient) < Self.tolerance)

        let native = buffer([Float](repeating: .nan, count: kernel.weightGradientCount))
        let biasGradients = buffer([Float](repeating: .nan, count: geometry.outChannels))
        context.backwardWeights(
            input: inputs.pointer, outputGradient: gradients.pointer, weightGradient: native.pointer,
            biasGradient: hasBias ? biasGradients.pointer : nil)
        // Padding is part of what the caller codes and sums: it must be numbers.
        #expect(native.elements.allSatisfy { $0.isFinite })
        let plain = unpack(native, kernel)
        #expect(relativeError(plain.elements, reference.backwardWeights(input, gradient)) < Self.tolerance)
        if hasBias {
            #expect(relativeError(biasGradients.elements, reference.backwardBias(gradient)) < Self.tolerance)
        }
    }

    /// Native to plain through the integers' path, which carries any 32 bits.
    private func unpack(_ native: borrowing AlignedBuffer<Float>, _ kernel: ConvolutionKernel)
        -> AlignedBuffer<Float>
    {
        let count = kernel.geometry.weightCount
        let sums = AlignedBuffer<Int32>(count: native.count)
        for i in 0..<native.count { sums.pointer[i] = Int32(bitPattern: native.pointer[i].bitPattern) }
        let plain = AlignedBuffer<Int32>(count: count)
        kernel.unpackGradient(sums.pointer, into: plain.pointer)
        let result = AlignedBuffer<Float>(count: count)
        for i in 0..<count { result.pointer[i] = Float(bitPattern: UInt32(bitPattern: plain.pointer[i])) }
        return result
    }
}
