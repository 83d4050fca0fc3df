import CKernels
import TestSupport
import Testing

/// Products of pixels and packed weights against sums in fp64, the plain C among them, and the packing.
@Suite struct PointwiseTests {
    struct Case: Sendable, CustomStringConvertible {
        var pixels, inputs, outputs: Int

        var shape: espalier_pointwise_shape {
            espalier_pointwise_shape(pixels: pixels, inputs: inputs, outputs: outputs)
        }
        var description: String { "\(pixels) × \(inputs) to \(outputs)" }
    }

    /// Every number of vectors up to two groups of them, odd channels, pixels around the blocks of registers.
    static let cases =
        [1, 3, 7, 16, 37, 203].flatMap { inputs in
            [1, 3, 7, 16, 37, 203].map { Case(pixels: 29, inputs: inputs, outputs: $0) }
        }
        + [1, 2, 3, 5, 6, 7, 8, 11, 12, 13, 23, 24, 25, 50].flatMap { pixels in
            [9, 32, 45, 64, 66].map { Case(pixels: pixels, inputs: 21, outputs: $0) }
        } + [
            Case(pixels: 0, inputs: 3, outputs: 5), Case(pixels: 5000, inputs: 9, outputs: 18),
            // Weights beyond the first cache, and pixels that go through them in several stretches.
            Case(pixels: 700, inputs: 203, outputs: 130), Case(pixels: 9, inputs: 960, outputs: 165),
        ]

    @Test(arguments: cases, [false, true]) func productsAgreeWithSums(_ test: Case, hasBias: Bool) {
        let single = Product<Float>(test, hasBias: hasBias)
        expectClose(single.run(), single.expected, 1e-5)
        let half = Product<UInt16>(test, hasBias: hasBias)
        expectClose(half.run().map(Half.value), half.expected, 1.0 / 200)
    }

    @Test(arguments: cases) func plainCodeGivesTheSameBits(_ test: Case) {
        let (single, half) = (Product<Float>(test, hasBias: true), Product<UInt16>(test, hasBias: true))
        let (fast, fastHalf) = (single.run(), half.run())
        #expect(inPlainC { single.run() } == fast)
        #expect(inPlainC { half.run() } == fastHalf)
    }

    /// Of whatever pixels there are beside it, of how many, and of what is behind the last one.
    @Test(arguments: cases.filter { $0.pixels > 1 }) func pixelsAreOfTheirOwnInputsAlone(_ test: Case) {
        func check<Element>(_ product: Product<Element>, nan: Element) {
            let all = product.run()
            for pixel in [0, test.pixels / 2, test.pixels - 1] {
                var alone = product
                let own = pixel * test.inputs..<(pixel + 1) * test.inputs
                alone.input = alone.input.indices.map { own.contains($0) ? product.input[$0] : nan }
                let outputs = pixel * test.outputs..<(pixel + 1) * test.outputs
                #expect(alone.run()[outputs] == all[outputs])
                alone.input = Array(product.input[own]) + [nan, nan]
                alone.test.pixels = 1
                #expect(alone.run()[...] == all[outputs])
            }
        }
        check(Product<Float>(test, hasBias: false), nan: .nan)
        check(Product<UInt16>(test, hasBias: false), nan: 0x7fc0)
    }

    @Test(arguments: cases) func weightsArePackedInBlocks(_ test: Case) {
        check(PackedWeight<Float>(test)) { $0 }
        check(PackedWeight<UInt16>(test), Half.bits)
    }

    private func check<Element>(_ packed: PackedWeight<Element>, _ stored: (Float) -> Element) {
        let (inputs, outputs) = (packed.test.inputs, packed.test.outputs)
        let step = Element.step
        let steps = (inputs + step - 1) / step
        let expected = (0..<(outputs + 15) / 16 * steps * 16 * step).map { index in
            let n = index / (steps * 16 * step) * 16 + index / step % 16
            let k = index / (16 * step) % steps * step + index % step
            return n < outputs && k < inputs ? stored(packed.plain[n * inputs + k]) : .zero
        }
        for isTurned in [false, true] {
            #expect(packed.pack(isTurned, cuts: []) == expected)
            // Parts in any order, ending anywhere.
            let rows = isTurned ? inputs : outputs
            for cut in [1, 5, 16, 31] where cut < rows {
                #expect(packed.pack(isTurned, cuts: [cut]) == expected)
            }
            if rows > 2 { #expect(packed.pack(isTurned, cuts: [1, rows - 1]) == expected) }
        }
    }

    private func expectClose(_ found: [Float], _ expected: [Double], _ tolerance: Double) {
        #expect(found.count == expected.count)
        let scale = max(1, expected.map(abs).max() ?? 1)
        for (a, b) in zip(found, expected) where !(abs(Double(a) - b) <= tolerance * scale) {
            Issue.record("\(a) where \(b) is expected")
            return
        }
    }
}

/// What packs and multiplies in one element type.
private protocol PointwiseElement: Numeric, Sendable {
    /// Inputs that are multiplied at once.
    static var step: Int { get }
    static func stored(_ value: Float) -> Self
    var float: Float { get }
    static func weightCount(_ inputs: Int, _ outputs: Int) -> Int
    static func pack(
        _ weight: [Float], _ part: espalier_pointwise_part, isTurned: Bool, _ packed: inout [Self])
    static func run(
        _ shape: espalier_pointwise_shape, _ input: [Self], _ weight: [Self], _ bias: [Float]?,
        _ output: inout [Self])
}

extension Float: PointwiseElement {
    static let step = 1
    static func stored(_ value: Float) -> Float { value }
    var float: Float { self }
    static func weightCount(_ inputs: Int, _ outputs: Int) -> Int {
        espalier_pointwise_weight_count(inputs, outputs)
    }
    static func pack(
        _ weight: [Float], _ part: espalier_pointwise_part, isTurned: Bool, _ packed: inout [Float]
    ) {
        var part = part
        if isTurned {
            espalier_pointwise_pack_turned(weight, &part, &packed)
        } else {
            espalier_pointwise_pack(weight, &part, &packed)
        }
    }
    static func run(
        _ shape: espalier_pointwise_shape, _ input: [Float], _ weight: [Float], _ bias: [Float]?,
        _ output: inout [Float]
    ) {
        var shape = shape
        espalier_pointwise(&shape, input, weight, bias, &output)
    }
}

extension UInt16: PointwiseElement {
    static let step = 2
    static func stored(_ value: Float) -> UInt16 { Half.bits(value) }
    var float: Float { Half.value(self) }
    static func weightCount(_ inputs: Int, _ outputs: Int) -> Int {
        espalier_pointwise_weight_count_bf16(inputs, outputs)
    }
    static func pack(
        _ weight: [Float], _ part: espalier_pointwise_part, isTurned: Bool, _ packed: inout [UInt16]
    ) {
        var part = part
        if isTurned {
            espalier_pointwise_pack_turned_bf16(weight, &part, &packed)
        } else {
            espalier_pointwise_pack_bf16(weight, &part, &packed)
        }
    }
    static func run(
        _ shape: espalier_pointwise_shape, _ input: [UInt16], _ weight: [UInt16], _ bias: [Float]?,
        _ output: inout [UInt16]
    ) {
        var shape = shape
        espalier_pointwise_bf16(&shape, input, weight, bias, &output)
    }
}

private struct PackedWeight<Element: PointwiseElement> {
    let test: PointwiseTests.Case
    /// (outputs, inputs).
    let plain: [Float]

    init(_ test: PointwiseTests.Case) {
        self.test = test
        plain = values(test.inputs * test.outputs, seed: 2)
    }

    /// - Parameter cuts: where the rows are cut into parts, which are packed from the last to the first.
    func pack(_ isTurned: Bool, cuts: [Int]) -> [Element] {
        let (inputs, outputs) = (test.inputs, test.outputs)
        let (rows, columns) = isTurned ? (inputs, outputs) : (outputs, inputs)
        let weight =
            isTurned ? plain.indices.map { plain[$0 % outputs * inputs + $0 / outputs] } : plain
        var packed = [Element](
            repeating: Element.stored(.nan), count: Element.weightCount(inputs, outputs))
        let ends = [0] + cuts + [rows]
        for (first, end) in zip(ends, ends.dropFirst()).reversed() {
            let part = espalier_pointwise_part(rows: rows, columns: columns, first: first, end: end)
            Element.pack(weight, part, isTurned: isTurned, &packed)
        }
        return packed
    }
}

private struct Product<Element: PointwiseElement> {
    var test: PointwiseTests.Case
    var input: [Element]
    let weight: PackedWeight<Element>
    let bias: [Float]?

    init(_ test: PointwiseTests.Case, hasBias: Bool) {
        self.test = test
        input = values(test.pixels * test.inputs, seed: 1).map(Element.stored)
        weight = PackedWeight(test)
        bias = hasBias ? values(test.outputs, seed: 3) : nil
    }

    /// Of outputs that begin as NaN, with a fence that stays.
    func run() -> [Element] {
        let fence = 40
        var output = [Element](
            repeating: Element.stored(.nan), count: test.pixels * test.outputs + fence)
        Element.run(test.shape, input, weight.pack(false, cuts: []), bias, &output)
        #expect(output.suffix(fence).allSatisfy { $0.float.isNaN })
        return output.dropLast(fence)
    }

    var expected: [Double] {
        let numbers = input.map { Double($0.float) }
        let weights = weight.plain.map { Double(Element.stored($0).float) }
        return (0..<test.pixels * test.outputs).map { index in
            let (pixel, n) = (index / test.outputs, index % test.outputs)
            var sum = bias.map { Double($0[n]) } ?? 0
            for k in 0..<test.inputs {
                sum += numbers[pixel * test.inputs + k] * weights[n * test.inputs + k]
            }
            return sum
        }
    }
}
