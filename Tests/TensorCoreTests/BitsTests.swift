import TensorCore
import Testing

/// The bits of a library call depend on its data alone: not on where the data lie (64-byte aligned), what
/// the output held, which thread runs it, or what runs beside it.
@Suite struct BitsTests {
    static let geometries: [ConvolutionGeometry] = [
        ConvolutionTests.geometry(4, 16, 16, 16, 16, kernel: 3),
        ConvolutionTests.geometry(2, 37, 9, 9, 53, kernel: 3, stride: 2),
        ConvolutionTests.geometry(2, 3, 33, 33, 37, kernel: 7, stride: 2),
        ConvolutionTests.geometry(3, 203, 7, 7, 67, kernel: 1),
        ConvolutionTests.geometry(2, 64, 8, 8, 64, kernel: 1, stride: 2),
        ConvolutionTests.geometry(2, 37, 9, 9, 203, kernel: 1),
        ConvolutionTests.geometry(1, 96, 16, 16, 24, kernel: 1),
        ConvolutionTests.geometry(1, 256, 5, 5, 72, kernel: 3),
        ConvolutionTests.geometry(2, 24, 9, 9, 24, kernel: 3, groups: 3),
        ConvolutionTests.geometry(2, 37, 9, 9, 37, kernel: 5, stride: 2, groups: 37),
    ]

    /// Floats to put before the data: 0, 64, 4096 - 64 and 4096 bytes.
    static let offsets = [0, 16, 1008, 1024]

    @Test(arguments: geometries) func convolutionsDoNotSeeAddresses(_ geometry: ConvolutionGeometry) throws {
        #expect(try Self.distinctHashes(geometry) == 1)
    }

    @Test(.enabled(if: Engine.supports(.bf16)), arguments: geometries)
    func halfPrecisionConvolutionsDoNotSeeAddresses(_ geometry: ConvolutionGeometry) throws {
        #expect(try Self.distinctHashes(geometry, .bf16) == 1)
    }

    /// In a process of their own, for a level is set once: other levels are other code.
    @Test(
        .enabled(if: Engine.forcedInstructionLevel == nil), .timeLimit(.minutes(10)),
        arguments: ["sse41", "avx2", "avx512_core"])
    func convolutionsDoNotSeeAddressesAtAnyLevel(_ level: String) async {
        await #expect(processExitsWith: .success) { [level] in
            guard entersLevel(level) else { return }
            for geometry in BitsTests.geometries {
                let distinct = try BitsTests.distinctHashes(geometry)
                #expect(distinct == 1, "\(geometry)")
            }
        }
    }

    @Test(arguments: geometries) func convolutionsDoNotSeeThreads(_ geometry: ConvolutionGeometry) throws {
        let kernel = try ConvolutionKernel(geometry, hasBias: true, needsInputGradient: true)
        let expected = try Self.hashes(kernel, offset: 0, junk: 0)
        let pool = ComputePool(threads: 5)
        let found = Results(count: 5)
        pool.run { thread in
            // Not try!: an error shows as a hash that differs.
            found[thread] = (try? Self.hashes(kernel, offset: 16 * thread, junk: 1)) ?? 0
        }
        #expect(found.values == [UInt64](repeating: expected, count: 5))
    }

    @Test(arguments: [(1, 10, 64), (4, 100, 512), (8, 1, 203), (32, 37, 16), (1, 1, 1000), (128, 128, 300)])
    func productsSeeNeitherAddressesNorThreads(m: Int, n: Int, k: Int) {
        for (transposeA, transposeB) in [(false, false), (false, true), (true, false), (true, true)] {
            let expected = Self.product(m, n, k, transposeA, transposeB, offset: 0)
            for offset in Self.offsets {
                #expect(Self.product(m, n, k, transposeA, transposeB, offset: offset) == expected)
            }
            let found = Results(count: 4)
            ComputePool(threads: 4).run { thread in
                found[thread] = Self.product(m, n, k, transposeA, transposeB, offset: 16 * thread)
            }
            #expect(found.values == [UInt64](repeating: expected, count: 4))
        }
    }

    /// The number of different results over all offsets; a kernel of its own for each: creation must not
    /// matter.
    static func distinctHashes(
        _ geometry: ConvolutionGeometry, _ type: ElementType = .fp32
    ) throws -> Int {
        var seen: Set<UInt64> = []
        for (round, offset) in offsets.enumerated() {
            let kernel = try ConvolutionKernel(
                geometry, elements: type, hasBias: true, needsInputGradient: true)
            seen.insert(try hashes(kernel, offset: offset, junk: Float(round)))
        }
        return seen.count
    }

    /// All three passes with every tensor `offset` floats into its buffer, outputs full of `junk` before.
    private static func hashes(_ kernel: ConvolutionKernel, offset: Int, junk: Float) throws -> UInt64 {
        let geometry = kernel.geometry
        let context = try kernel.makeContext(Scratch())
        let type = kernel.elements
        let input = Placed(values(geometry.inputCount, seed: 1), offset, type)
        let gradient = Placed(values(geometry.outputCount, seed: 2), offset, type)
        let bias = Placed(values(geometry.outChannels, seed: 3), offset)
        let weight = values(geometry.weightCount, seed: 4)
        let forward = Placed([Float](repeating: 0, count: kernel.forwardWeightCount), offset, type)
        let backward = Placed([Float](repeating: 0, count: kernel.backwardWeightCount), offset, type)
        kernel.packForward(weight, into: forward.pointer)
        kernel.packBackward(weight, into: backward.pointer)
        let output = Placed([Float](repeating: junk, count: geometry.outputCount), offset, type)
        let inputGradient = Placed([Float](repeating: junk, count: geometry.inputCount), offset, type)
        let weightGradient = Placed([Float](repeating: junk, count: kernel.weightGradientCount), offset)
        let biasGradient = Placed([Float](repeating: junk, count: geometry.outChannels), offset)
        context.forward(
            input: input.pointer, weight: forward.pointer, bias: bias.pointer, output: output.pointer)
        context.backwardData(
            outputGradient: gradient.pointer, weight: backward.pointer, inputGradient: inputGradient.pointer)
        context.backwardWeights(
            input: input.pointer, outputGradient: gradient.pointer, weightGradient: weightGradient.pointer,
            biasGradient: biasGradient.pointer)
        return [output, inputGradient, weightGradient, biasGradient].reduce(0) { $0 &* 31 &+ $1.hash }
    }

    private static func product(
        _ m: Int, _ n: Int, _ k: Int, _ transposeA: Bool, _ transposeB: Bool, offset: Int
    ) -> UInt64 {
        let a = Placed(values(m * k, seed: 5), offset)
        let b = Placed(values(k * n, seed: 6), offset)
        let c = Placed([Float](repeating: 0, count: m * n), offset)
        DenseAlgebra.multiply(
            m: m, n: n, k: k, a.pointer, transposeA: transposeA, b.pointer, transposeB: transposeB,
            into: c.pointer)
        return c.hash
    }
}

/// Values some way into a buffer of their own.
private final class Placed {
    private let memory: AlignedBuffer<UInt8>
    private let start: Int
    private let byteCount: Int

    /// - Parameter offset: elements before the values, of four bytes whatever the type.
    init(_ values: [Float], _ offset: Int, _ type: ElementType = .fp32) {
        let elements = Elements(values, type)
        byteCount = values.count * type.byteCount
        start = offset * 4
        memory = AlignedBuffer(count: start + byteCount)
        bytes.copyMemory(from: elements.pointer, byteCount: byteCount)
    }

    var bytes: UnsafeMutableRawPointer { UnsafeMutableRawPointer(memory.pointer) + start }
    var pointer: UnsafeMutablePointer<Float> { bytes.assumingMemoryBound(to: Float.self) }

    /// FNV-1a over the bit patterns.
    var hash: UInt64 {
        var result: UInt64 = 0xcbf2_9ce4_8422_2325
        for i in start..<start + byteCount {
            result = (result ^ UInt64(memory.pointer[i])) &* 0x100_0000_01b3
        }
        return result
    }
}

/// A place for each thread's result. Unchecked: each thread writes its own, and all have met before anyone
/// reads.
private final class Results: @unchecked Sendable {
    private let memory: AlignedBuffer<UInt64>

    init(count: Int) {
        memory = AlignedBuffer(count: count)
    }

    subscript(thread: Int) -> UInt64 {
        get { memory.pointer[thread] }
        set { memory.pointer[thread] = newValue }
    }

    var values: [UInt64] { Array(memory.elements) }
}
