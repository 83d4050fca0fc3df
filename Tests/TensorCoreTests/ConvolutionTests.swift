import TensorCore
import TestSupport
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
        geometry(1, 3, 7, 5, 129, kernel: 1),
        geometry(3, 19, 11, 13, 7, kernel: 1),
        geometry(1, 16, 1, 1, 203, kernel: 1),
        geometry(1, 7, 17, 31, 37, kernel: 1),
        geometry(2, 3, 5, 4, 7, kernel: 1),
        geometry(1, 7, 9, 9, 3, kernel: 1),
        geometry(2, 16, 3, 3, 203, kernel: 1),
        geometry(4, 9, 8, 8, 76, kernel: 1),
        geometry(3, 203, 1, 1, 7, kernel: 1),
        // Strides on odd and even sizes; the stem of ImageNet's networks.
        geometry(1, 3, 33, 31, 64, kernel: 7, stride: 2),
        geometry(2, 16, 9, 9, 32, kernel: 3, stride: 2),
        geometry(2, 16, 8, 8, 37, kernel: 3, stride: 2),
        geometry(2, 16, 8, 8, 32, kernel: 1, stride: 2),
        geometry(1, 37, 9, 7, 19, kernel: 1, stride: 2),
        geometry(2, 35, 9, 8, 64, kernel: 3, stride: 2),
        geometry(1, 512, 5, 6, 24, kernel: 1, stride: 2),
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
        geometry(2, 35, 7, 6, 35, kernel: 3, groups: 7),
        geometry(1, 35, 7, 6, 35, kernel: 3, stride: 2, groups: 7),
        geometry(1, 48, 6, 6, 48, kernel: 3, groups: 2),
        geometry(1, 48, 7, 6, 48, kernel: 3, stride: 2, groups: 2),
        geometry(1, 66, 1, 1, 33, kernel: 1, groups: 3),
        // Images of one pixel.
        geometry(4, 64, 1, 1, 37, kernel: 1),
        geometry(2, 16, 1, 1, 16, kernel: 3),
        geometry(3, 1, 1, 1, 1, kernel: 1),
        // Where gradients of inputs are mirrored convolutions, in fp32 and bf16; small images.
        geometry(1, 64, 5, 4, 24, kernel: 3),
        geometry(1, 256, 3, 4, 20, kernel: 3),
        geometry(1, 72, 5, 5, 16, kernel: 4, padding: 1),
        geometry(2, 16, 1, 1, 16, kernel: 3, groups: 16),
        // Strides beyond the kernel, no padding where there could be; weights and images in some stretches.
        geometry(2, 5, 9, 8, 6, kernel: 2, stride: 3, padding: 1),
        geometry(1, 4, 11, 13, 6, kernel: 3, stride: 4),
        geometry(1, 6, 10, 9, 5, kernel: 3, stride: 2, padding: 0),
        geometry(1, 5, 9, 10, 7, kernel: 3, padding: 2),
        geometry(1, 512, 6, 6, 544, kernel: 1),
        geometry(1, 3, 150, 149, 2, kernel: 3),
        geometry(1, 8, 110, 115, 8, kernel: 1),
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
        let error = try ConvolutionCheck(geometry: geometry, hasBias: hasBias).worstError()
        #expect(error < Self.tolerance)
    }

    /// By every path that fits, whichever the rule takes.
    @Test(arguments: ElementType.allCases.filter(Engine.supports), geometries)
    func everyPathAgreesWithLoops(_ elements: ElementType, _ geometry: ConvolutionGeometry) throws {
        for paths in ConvolutionPaths.all(for: geometry, elements) {
            let check = ConvolutionCheck(
                geometry: geometry, elements: elements, hasBias: true, paths: paths)
            let errors = try check.worstErrors()
            #expect(errors.stored < (elements == .fp32 ? Self.tolerance : Self.tolerances.stored), "\(paths)")
            #expect(errors.weights < Self.tolerances.weights, "\(paths)")
        }
    }

    /// Relative to the result's root mean square: what is stored in bf16 is off by up to 2^-9 of itself, and
    /// some of it is several times the root mean square.
    static let tolerances = (stored: 0.02, weights: 2e-5)

    @Test(.enabled(if: Engine.supports(.bf16)), arguments: geometries, [false, true])
    func passesAgreeWithLoopsInHalfPrecision(_ geometry: ConvolutionGeometry, hasBias: Bool) throws {
        let errors = try ConvolutionCheck(geometry: geometry, elements: .bf16, hasBias: hasBias).worstErrors()
        #expect(errors.stored < Self.tolerances.stored)
        #expect(errors.weights < Self.tolerances.weights)
    }

    /// Packed weights are rounded to nearest even: a 1×1 convolution of ones at one channel each shows them.
    @Test(.enabled(if: Engine.supports(.bf16))) func weightsAreRoundedToNearestEven() throws {
        let side = 16
        let kernel = try ConvolutionKernel(
            Self.geometry(1, side, 4, 4, side, kernel: 1), elements: .bf16, hasBias: false,
            needsInputGradient: true)
        // Ties both ways among them.
        let weight = values(side * side, seed: 1).enumerated().map { index, value in
            index % 2 == 0
                ? value : Float(bitPattern: (value.bitPattern & 0xffff_0000) | 0x8000)
        }
        let ones = Elements((0..<side * side).map { $0 / side == $0 % side ? 1 : 0 }, .bf16)
        let forward = Elements(unwritten: kernel.forwardWeightCount, .bf16)
        let backward = Elements(unwritten: kernel.backwardWeightCount, .bf16)
        kernel.packForward(weight, into: forward.pointer)
        kernel.packBackward(weight, into: backward.pointer)
        let found = Elements(unwritten: side * side, .bf16)
        let back = Elements(unwritten: side * side, .bf16)
        let context = try kernel.makeContext(Scratch())
        context.forward(input: ones.pointer, weight: forward.pointer, output: found.pointer)
        context.backwardData(
            outputGradient: ones.pointer, weight: backward.pointer, inputGradient: back.pointer)
        for row in 0..<side {
            for column in 0..<side {
                let rounded = Half.rounded(weight[row * side + column])
                #expect(found.floats[column * side + row] == rounded)
                #expect(back.floats[row * side + column] == rounded)
            }
        }
    }

    /// Rows that may be packed apart give what all give together, in any order.
    @Test(arguments: geometries, ElementType.allCases.filter { Engine.supports($0) })
    func rowsArePackedApart(_ geometry: ConvolutionGeometry, _ elements: ElementType) throws {
        let kernel = try ConvolutionKernel(
            geometry, elements: elements, hasBias: false, needsInputGradient: true)
        let weight = values(geometry.weightCount, seed: 5)
        func expectSame(
            count: Int, rows: Int, _ pack: (Range<Int>?, UnsafeMutableRawPointer) -> Void
        ) {
            let whole = Elements(unwritten: count, elements)
            let parts = Elements(unwritten: count, elements)
            pack(nil, whole.pointer)
            let middle = rows / 2
            pack(middle..<rows, parts.pointer)
            if middle > 0 { pack(0..<middle, parts.pointer) }
            #expect(whole.floats == parts.floats)
        }
        expectSame(count: kernel.forwardWeightCount, rows: kernel.forwardWeightRows) {
            kernel.packForward(weight, rows: $0, into: $1)
        }
        expectSame(count: kernel.backwardWeightCount, rows: kernel.backwardWeightRows) {
            kernel.packBackward(weight, rows: $0, into: $1)
        }
    }

    /// What tiles of images, and of rows, add to a weight's gradient.
    @Test(arguments: ElementType.allCases.filter(Engine.supports), geometries)
    func gradientsOfTilesAddUp(_ elements: ElementType, _ geometry: ConvolutionGeometry) throws {
        var geometry = geometry
        geometry.images *= 2
        let images = geometry.images
        for paths in ConvolutionPaths.all(for: geometry, elements) where paths.weightGradient.canAdd {
            for tiles in [2, images, images * geometry.inHeight] where geometry.canBeCut(in: tiles) {
                let check = ConvolutionCheck(
                    geometry: geometry, elements: elements, hasBias: false, paths: paths, tiles: tiles)
                let error = try check.worstErrors().weights
                #expect(error < Self.tolerances.weights, "\(paths) in \(tiles)")
            }
        }
    }

    /// Our own 1×1 convolutions give a pixel the same bits in whatever tile it is.
    @Test(
        arguments: geometries.filter { $0.kernel == 1 && $0.stride == 1 && $0.groups == 1 },
        ElementType.allCases.filter { Engine.supports($0) })
    func tilesDoNotShow(_ geometry: ConvolutionGeometry, _ elements: ElementType) throws {
        var geometry = geometry
        geometry.images = 6
        let paths = ConvolutionPaths(
            forward: .pointwise, inputGradient: .pointwise, weightGradient: .product)
        let weight = values(geometry.weightCount, seed: 1)
        let input = Elements(values(geometry.inputCount, seed: 2), elements)
        let gradient = Elements(values(geometry.outputCount, seed: 3), elements)
        let results = try [1, 2, 3, 6, 6 * geometry.inHeight].map { tiles in
            let kernel = try ConvolutionKernel(
                geometry, elements: elements, hasBias: false, needsInputGradient: true, paths: paths,
                tiles: ConvolutionTiles(forward: tiles, inputGradient: tiles))
            let context = try kernel.makeContext(Scratch())
            let forward = Elements(unwritten: kernel.forwardWeightCount, elements)
            let backward = Elements(unwritten: kernel.backwardWeightCount, elements)
            kernel.packForward(weight, into: forward.pointer)
            kernel.packBackward(weight, into: backward.pointer)
            let output = Elements(unwritten: geometry.outputCount, elements)
            let inputGradient = Elements(unwritten: geometry.inputCount, elements)
            for tile in 0..<tiles {
                let inputStart = tile * geometry.inputCount / tiles * elements.byteCount
                let outputStart = tile * geometry.outputCount / tiles * elements.byteCount
                context.forward(
                    input: input.pointer + inputStart, weight: forward.pointer,
                    output: output.pointer + outputStart)
                context.backwardData(
                    outputGradient: gradient.pointer + outputStart, weight: backward.pointer,
                    inputGradient: inputGradient.pointer + inputStart)
            }
            return output.floats + inputGradient.floats
        }
        for result in results { #expect(result == results[0]) }
    }

    /// A level without bf16 says so.
    @Test(.enabled(if: Engine.forcedInstructionLevel == nil), .timeLimit(.minutes(10)))
    func lowerLevelsRefuseHalfPrecision() async {
        await #expect(processExitsWith: .success) {
            _ = entersLevel("avx2")
            let error = #expect(throws: EngineError.self) {
                try ConvolutionKernel(
                    ConvolutionTests.geometries[0], elements: .bf16, hasBias: false, needsInputGradient: true)
            }
            #expect(error?.description.contains("it takes avx512_core_bf16") == true)
        }
    }

    /// In a process of their own, for a level is set once.
    @Test(
        .enabled(if: Engine.forcedInstructionLevel == nil), .timeLimit(.minutes(10)),
        arguments: ["sse41", "avx2", "avx512_core"])
    func passesAgreeAtEveryLevel(_ level: String) async {
        await #expect(processExitsWith: .success) { [level] in
            guard entersLevel(level) else { return }
            #expect(Engine.instructionLevel == level)
            for geometry in ConvolutionTests.geometries {
                let error = try ConvolutionCheck(geometry: geometry, hasBias: true).worstError()
                #expect(error < ConvolutionTests.tolerance, "\(geometry)")
            }
        }
    }
}
