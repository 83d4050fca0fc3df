import TensorCore

/// A convolution of ResNet-50's kind for each thread, forward.
///
/// Unchecked: each thread uses its own context and its own output.
final class ConvolutionProbe: @unchecked Sendable {
    private static let geometry = ConvolutionGeometry(
        images: 2, inChannels: 256, inHeight: 28, inWidth: 28, outChannels: 256, kernel: 3, padding: 1)
    static let gflop =
        2e-9 * Double(geometry.outputCount) * Double(geometry.inChannels * geometry.kernel * geometry.kernel)

    private let contexts: [ConvolutionContext]
    private let input: AlignedBuffer<UInt8>
    private let weight: AlignedBuffer<UInt8>
    private let outputs: AlignedBuffer<UInt8>
    private let outputByteCount: Int

    init(threads: Int, _ type: ElementType = .fp32) throws(EngineError) {
        let kernel = try ConvolutionKernel(
            Self.geometry, elements: type, hasBias: false, needsInputGradient: false)
        var contexts: [ConvolutionContext] = []
        for _ in 0..<threads { contexts.append(try kernel.makeContext(try Scratch())) }
        self.contexts = contexts
        outputByteCount = Self.geometry.outputCount * type.byteCount
        input = try AlignedBuffer(attempting: Self.geometry.inputCount * type.byteCount)
        weight = try AlignedBuffer(attempting: kernel.forwardWeightCount * type.byteCount)
        outputs = try AlignedBuffer(attempting: threads * outputByteCount)
        // Numbers between 1e-5 and 1 in either type.
        for index in input.elements.indices { input.pointer[index] = UInt8(0x38 + index * 37 % 8) }
        for index in weight.elements.indices { weight.pointer[index] = UInt8(0x38 + index * 29 % 8) }
    }

    func run(_ thread: Int) {
        contexts[thread].forward(
            input: input.pointer, weight: weight.pointer,
            output: outputs.pointer + thread * outputByteCount)
    }
}
