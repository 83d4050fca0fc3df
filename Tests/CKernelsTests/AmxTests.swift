import CKernels
import TestSupport
import Testing

/// What loops for the matrix unit must keep to beside their sums, which ConvolutionTests compares with loops
/// in fp64: nothing beyond the operands is read or written, and images, parts of a weight and scratch memory
/// do not show.
@Suite(.enabled(if: espalier_has_amx() != 0)) struct AmxTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var images, inChannels, side, outChannels, kernel, stride: Int

        var outSide: Int { (side + 2 * (kernel / 2) - kernel) / stride + 1 }
        var inputCount: Int { images * side * side * inChannels }
        var outputCount: Int { images * outSide * outSide * outChannels }
        var weightCount: Int { outChannels * inChannels * kernel * kernel }

        var shape: espalier_convolution_shape {
            espalier_convolution_shape(
                images: images, in_channels: inChannels, in_height: side, in_width: side,
                out_channels: outChannels, out_height: outSide, out_width: outSide, kernel: kernel,
                stride: stride, padding: kernel / 2)
        }
        var testDescription: String {
            "\(images) × \(inChannels) × \(side)² to \(outChannels), kernel \(kernel), stride \(stride)"
        }

        init(
            _ images: Int, _ inChannels: Int, _ side: Int, _ outChannels: Int, _ kernel: Int, _ stride: Int
        ) {
            self.images = images
            self.inChannels = inChannels
            self.side = side
            self.outChannels = outChannels
            self.kernel = kernel
            self.stride = stride
        }
    }

    static let cases =
        [1, 3, 7, 16, 37, 203].flatMap { channels in
            [
                Case(3, channels, 5, 37, 1, 1), Case(2, 37, 3, channels, 1, 1),
                Case(2, channels, 5, 19, 3, 1), Case(3, 19, 6, channels, 3, 2),
                Case(2, channels, 6, 33, 1, 2), Case(4, channels, 1, 16, 1, 1),
            ]
        } + [
            // Few pixels, the stem of ImageNet's networks, strides beyond a kernel.
            Case(1, 40, 2, 40, 1, 1), Case(3, 40, 3, 40, 1, 1), Case(2, 3, 21, 24, 7, 2),
            Case(2, 5, 9, 6, 2, 3), Case(2, 4, 11, 6, 3, 4),
            // Weights beyond the second cache, whose pixels go in stretches; more images than a stretch has.
            Case(5, 520, 16, 530, 1, 1), Case(9, 96, 28, 8, 3, 1),
            // Weight gradients of several stretches and of bands of an image.
            Case(2, 3, 150, 20, 3, 1), Case(1, 40, 120, 9, 1, 1),
        ]

    @Test(arguments: cases) func onlyOperandsAreReadAndOnlyResultsWritten(_ test: Case) {
        let convolution = AmxConvolutionCase(test)
        let fenced = convolution.all(fence: 0x7fc0, scratch: 0xff)
        let plain = convolution.all(fence: 0, scratch: 0)
        #expect(fenced.output.allSatisfy { !Half.value($0).isNaN })
        #expect(fenced.inputGradient.allSatisfy { !Half.value($0).isNaN })
        #expect(fenced.weightGradient.allSatisfy { !$0.isNaN })
        let isSame = fenced == plain
        #expect(isSame)
    }

    @Test(arguments: cases.filter { $0.images > 1 }) func imagesAreOfTheirOwnInputsAlone(_ test: Case) {
        let together = AmxConvolutionCase(test).all(fence: 0, scratch: 0)
        for image in [0, test.images - 1] {
            let alone = AmxConvolutionCase(test, image: image).all(fence: 0, scratch: 0)
            let (inputs, outputs) = (test.inputCount / test.images, test.outputCount / test.images)
            let output = together.output[image * outputs..<(image + 1) * outputs]
            let inputGradient = together.inputGradient[image * inputs..<(image + 1) * inputs]
            let isSame = alone.output[...] == output && alone.inputGradient[...] == inputGradient
            #expect(isSame)
        }
    }

    @Test(arguments: cases, [true, false]) func weightsArePackedInParts(_ test: Case, isForward: Bool) {
        let pass = isForward ? ESPALIER_AMX_FORWARD : ESPALIER_AMX_INPUT_GRADIENT
        let convolution = AmxConvolutionCase(test)
        let whole = convolution.pack(pass, cuts: [])
        let channels = isForward ? test.outChannels : test.inChannels
        for cuts in [[1], [5], [16], [31], [1, channels - 1]] where (cuts.max() ?? 0) < channels {
            guard cuts == cuts.sorted() else { continue }
            let isSame = convolution.pack(pass, cuts: cuts) == whole
            #expect(isSame, "cut at \(cuts)")
        }
        // Every element of the weight once, zeros elsewhere; with a stride, taps that no input's pixel is at
        // are missing.
        let stored = convolution.weight.map(Half.bits).filter { $0 & 0x7fff != 0 }.sorted()
        let packed = whole.filter { $0 & 0x7fff != 0 }.sorted()
        let isSame = packed == stored
        #expect(isSame || (test.stride > 1 && packed.count < stored.count))
    }
}

/// The operands of a convolution's three passes.
private struct AmxConvolutionCase {
    struct Results: Equatable {
        var output, inputGradient: [UInt16]
        var weightGradient: [Float]
    }

    let test: AmxTests.Case
    let input, gradient: [UInt16]
    let weight: [Float]
    let bias: [Float]

    /// - Parameter image: the only one; nil: all.
    init(_ test: AmxTests.Case, image: Int? = nil) {
        var own = test
        own.images = image == nil ? test.images : 1
        func part(_ all: [UInt16], _ count: Int) -> [UInt16] {
            image.map { Array(all[$0 * count..<($0 + 1) * count]) } ?? all
        }
        self.test = own
        input = part(halves(test.inputCount, seed: 1), test.inputCount / test.images)
        gradient = part(halves(test.outputCount, seed: 2), test.outputCount / test.images)
        weight = values(test.weightCount, seed: 3)
        bias = values(test.outChannels, seed: 4)
    }

    /// - Parameter cuts: where the channels are cut into parts, which are packed from the last to the first.
    func pack(_ pass: espalier_amx_pass, cuts: [Int]) -> [UInt16] {
        var shape = test.shape
        var packed = [UInt16](repeating: 0x7fc0, count: espalier_amx_weight_count(&shape, pass))
        let ends = [0] + cuts + [pass == ESPALIER_AMX_FORWARD ? test.outChannels : test.inChannels]
        for (first, end) in zip(ends, ends.dropFirst()).reversed() {
            espalier_amx_pack(&shape, pass, weight, first, end, &packed)
        }
        return packed
    }

    /// - Parameters:
    ///   - fence: what lies before and behind the operands.
    ///   - scratch: what every byte of the scratch memory holds before.
    func all(fence: UInt16, scratch: UInt8) -> Results {
        var shape = test.shape
        let fences = [UInt16](repeating: fence, count: 80)
        let (inputs, gradients) = (fences + input + fences, fences + gradient + fences)
        func within(_ count: Int, _ run: (UnsafeMutablePointer<UInt16>) -> Void) -> [UInt16] {
            var result = [UInt16](repeating: 0x7fc0, count: count + 2 * fences.count)
            result.withUnsafeMutableBufferPointer { run($0.baseAddress! + fences.count) }
            #expect((result.prefix(fences.count) + result.suffix(fences.count)).allSatisfy { $0 == 0x7fc0 })
            return Array(result[fences.count..<fences.count + count])
        }
        let (forward, turned) = (
            pack(ESPALIER_AMX_FORWARD, cuts: []), pack(ESPALIER_AMX_INPUT_GRADIENT, cuts: [])
        )
        return inputs.withUnsafeBufferPointer { inputs in
            gradients.withUnsafeBufferPointer { gradients in
                let (input, gradient) = (
                    inputs.baseAddress! + fences.count, gradients.baseAddress! + fences.count
                )
                let output = within(test.outputCount) { output in
                    Self.withScratch(espalier_amx_scratch(&shape, ESPALIER_AMX_FORWARD), scratch) {
                        espalier_amx_forward(&shape, input, forward, bias, output, $0)
                    }
                }
                let inputGradient = within(test.inputCount) { inputGradient in
                    Self.withScratch(espalier_amx_scratch(&shape, ESPALIER_AMX_INPUT_GRADIENT), scratch) {
                        espalier_amx_input_gradient(&shape, gradient, turned, inputGradient, $0)
                    }
                }
                var weightGradient = [Float](repeating: .nan, count: test.weightCount + 16)
                Self.withScratch(espalier_amx_weights_scratch(&shape), scratch) {
                    espalier_amx_weight_gradient(&shape, input, gradient, &weightGradient, $0)
                }
                #expect(weightGradient.suffix(16).allSatisfy { $0.isNaN })
                return Results(
                    output: output, inputGradient: inputGradient,
                    weightGradient: weightGradient.dropLast(16))
            }
        }
    }

    private static func withScratch(
        _ byteCount: Int, _ fill: UInt8, _ run: (UnsafeMutableRawPointer) -> Void
    ) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount + 64, alignment: 64)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: fill)
        run(memory.baseAddress!)
        #expect(memory.suffix(64).allSatisfy { $0 == fill })
    }
}
