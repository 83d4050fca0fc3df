import TestSupport
import Testing

@testable import TensorCore

/// Scratch memory and what lies behind the tensors hold whatever was there before: results do not show it.
@Suite struct ConvolutionScratchTests {
    /// As groups are after pruning: odd, few, or one.
    static let groups: [ConvolutionGeometry] = [
        (10, 16, 2, 16, 1), (14, 18, 2, 16, 1), (134, 120, 2, 16, 2), (22, 10, 2, 8, 1), (5, 7, 1, 8, 1),
        (45, 45, 5, 8, 1), (35, 49, 7, 8, 1), (26, 30, 2, 32, 2), (240, 134, 2, 4, 1), (67, 120, 1, 8, 1),
        (39, 57, 3, 8, 2), (260, 100, 4, 4, 1), (34, 34, 2, 2, 1), (34, 30, 2, 1, 1), (120, 34, 2, 2, 2),
    ].map { (inputs, outputs, groups, side, stride) in
        ConvolutionTests.geometry(
            1, inputs, side, side, outputs, kernel: 3, stride: stride, groups: groups)
    }

    @Test(arguments: groups + ConvolutionTests.geometries, ElementType.allCases.filter(Engine.supports))
    func resultsAreOfTheOperandsAlone(_ geometry: ConvolutionGeometry, _ elements: ElementType) throws {
        let kernel = try ConvolutionKernel(
            geometry, elements: elements, hasBias: false, needsInputGradient: true)
        let clean = try Self.results(kernel, geometry, elements, junk: 0)
        for junk in [UInt8(0x3f), 0x4b, 0xc1] {
            let other = try Self.results(kernel, geometry, elements, junk: junk)
            for (pass, pair) in zip(clean, other).enumerated() {
                #expect(pair.0 == pair.1, "pass \(pass), junk \(junk)")
            }
        }
    }

    /// Output, gradient of the input, gradient of the weight, with `junk` in the scratch and around operands.
    private static func results(
        _ kernel: ConvolutionKernel, _ geometry: ConvolutionGeometry, _ elements: ElementType, junk: UInt8
    ) throws -> [[Float]] {
        let scratch = try Scratch()
        let context = try kernel.makeContext(scratch)
        scratch.memory.pointer.update(repeating: junk, count: scratch.byteCount)
        func operand(_ count: Int, seed: UInt64) -> Fenced {
            Fenced(values(count, seed: seed), elements, junk: junk)
        }
        let input = operand(geometry.inputCount, seed: 1)
        let gradient = operand(geometry.outputCount, seed: 2)
        let weight = values(geometry.weightCount, seed: 3)
        let forward = Fenced(count: kernel.forwardWeightCount, elements, junk: junk)
        let backward = Fenced(count: kernel.backwardWeightCount, elements, junk: junk)
        kernel.packForward(weight, into: forward.pointer)
        kernel.packBackward(weight, into: backward.pointer)
        let output = Fenced(count: geometry.outputCount, elements, junk: junk)
        let inputGradient = Fenced(count: geometry.inputCount, elements, junk: junk)
        let weightGradient = Fenced(count: kernel.weightGradientCount, .fp32, junk: junk)
        context.forward(input: input.pointer, weight: forward.pointer, output: output.pointer)
        context.backwardData(
            outputGradient: gradient.pointer, weight: backward.pointer, inputGradient: inputGradient.pointer)
        context.backwardWeights(
            input: input.pointer, outputGradient: gradient.pointer,
            weightGradient: weightGradient.pointer.assumingMemoryBound(to: Float.self), biasGradient: nil)
        return [output.floats, inputGradient.floats, weightGradient.floats]
    }
}

/// A tensor with a kilobyte of junk before and behind it.
private final class Fenced {
    private static let fence = 1024
    private let memory: AlignedBuffer<UInt8>
    private let count: Int
    private let elements: ElementType

    init(count: Int, _ elements: ElementType, junk: UInt8) {
        (self.count, self.elements) = (count, elements)
        memory = AlignedBuffer(count: count * elements.byteCount + 2 * Self.fence)
        memory.pointer.update(repeating: junk, count: memory.count)
    }

    convenience init(_ values: [Float], _ elements: ElementType, junk: UInt8) {
        self.init(count: values.count, elements, junk: junk)
        for (index, value) in values.enumerated() {
            switch elements {
            case .fp32: pointer.storeBytes(of: value, toByteOffset: 4 * index, as: Float.self)
            case .bf16:
                let bits = UInt16(value.bitPattern >> 16)
                pointer.storeBytes(of: bits, toByteOffset: 2 * index, as: UInt16.self)
            }
        }
    }

    var pointer: UnsafeMutableRawPointer { UnsafeMutableRawPointer(memory.pointer + Self.fence) }

    var floats: [Float] {
        (0..<count).map { index in
            switch elements {
            case .fp32: pointer.load(fromByteOffset: 4 * index, as: Float.self)
            case .bf16:
                Float(
                    bitPattern: UInt32(pointer.load(fromByteOffset: 2 * index, as: UInt16.self)) << 16)
            }
        }
    }
}
