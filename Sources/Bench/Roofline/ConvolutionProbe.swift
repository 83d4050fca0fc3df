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
    private let input: AlignedBuffer<Float>
    private let weight: AlignedBuffer<Float>
    private let outputs: AlignedBuffer<Float>

    init(threads: Int) throws(EngineError) {
        let kernel = try ConvolutionKernel(Self.geometry, hasBias: false, needsInputGradient: false)
        var contexts: [ConvolutionContext] = []
        for _ in 0..<threads { contexts.append(try kernel.makeContext(try Scratch())) }
        self.contexts = contexts
        input = try AlignedBuffer(attempting: Self.geometry.inputCount)
        weight = try AlignedBuffer(attempting: kernel.forwardWeightCount)
        outputs = try AlignedBuffer(attempting: threads * Self.geometry.outputCount)
        for index in input.elements.indices { input.pointer[index] = Float(index % 5) - 2 }
        for index in weight.elements.indices { weight.pointer[index] = Float(index % 3) - 1 }
    }

    func run(_ thread: Int) {
        contexts[thread].forward(
            input: input.pointer, weight: weight.pointer,
            output: outputs.pointer + thread * Self.geometry.outputCount)
    }
}
