import TensorCore

/// One convolution by one choice of paths, ready to run its passes on memory that goes round.
final class PassProbe {
    private let kernel: ConvolutionKernel
    private let context: ConvolutionContext
    private let paths: ConvolutionPaths
    private let forwardWeight: AlignedBuffer<UInt8>
    private let backwardWeight: AlignedBuffer<UInt8>
    private let weightGradient: AlignedBuffer<Float>
    private let inputBytes: Int
    private let outputBytes: Int

    init(
        _ geometry: ConvolutionGeometry, _ elements: ElementType, _ paths: ConvolutionPaths
    ) throws(EngineError) {
        self.paths = paths
        kernel = try ConvolutionKernel(
            geometry, elements: elements, hasBias: false, needsInputGradient: true, paths: paths)
        context = try kernel.makeContext(try Scratch())
        let weight = try AlignedBuffer<Float>(attempting: geometry.weightCount)
        for index in 0..<weight.count { weight.pointer[index] = Float(index % 13 - 6) / 64 }
        forwardWeight = try AlignedBuffer(attempting: kernel.forwardWeightCount * elements.byteCount)
        backwardWeight = try AlignedBuffer(attempting: kernel.backwardWeightCount * elements.byteCount)
        weightGradient = try AlignedBuffer(attempting: kernel.weightGradientCount)
        kernel.packForward(weight.pointer, into: forwardWeight.pointer)
        kernel.packBackward(weight.pointer, into: backwardWeight.pointer)
        inputBytes = geometry.inputCount * elements.byteCount
        outputBytes = geometry.outputCount * elements.byteCount
    }

    /// Of a pass; all three do as many products.
    var gflop: Double {
        let g = kernel.geometry
        return 2e-9 * Double(g.outputCount) * Double(g.inChannels / g.groups * g.kernel * g.kernel)
    }

    var gigabytes: Double { 1e-9 * Double(inputBytes + outputBytes) }

    func names(_ pass: ConvolutionRow.Pass) -> (path: String, implementation: String) {
        let names = kernel.implementations
        return switch pass {
        case .forward: (paths.forward.rawValue, names.forward)
        case .inputGradient: (paths.inputGradient.rawValue, names.backwardData ?? "")
        case .weightGradient: (paths.weightGradient.rawValue, names.backwardWeights)
        }
    }

    func run(_ pass: ConvolutionRow.Pass, _ memory: ColdMemory) {
        let input = memory.take(inputBytes)
        let output = memory.take(outputBytes)
        switch pass {
        case .forward:
            context.forward(input: input, weight: forwardWeight.pointer, output: output)
        case .inputGradient:
            context.backwardData(
                outputGradient: output, weight: backwardWeight.pointer, inputGradient: input)
        case .weightGradient:
            context.backwardWeights(
                input: input, outputGradient: output, weightGradient: weightGradient.pointer)
        }
    }
}
