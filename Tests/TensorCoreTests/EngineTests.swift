import TensorCore
import Testing

@Suite struct EngineTests {
    @Test func levelsHaveNames() {
        #expect(!Engine.instructionLevel.isEmpty)
        #expect(!Engine.denseAlgebraCore.isEmpty)
    }

    @Test func denseAlgebraTakesTheKernelsOfTheLevel() {
        #expect(Engine.denseAlgebraCore(for: "avx512_core_amx") == "SkylakeX")
        #expect(Engine.denseAlgebraCore(for: "avx512_core") == "SkylakeX")
        #expect(Engine.denseAlgebraCore(for: "avx2_vnni") == "Haswell")
        #expect(Engine.denseAlgebraCore(for: "avx") == nil)
    }

    @Test func unknownLevelsAreErrors() {
        let error = #expect(throws: EngineError.self) { try Engine.limitInstructionLevel("avx9000") }
        #expect(error?.description.contains("avx9000") == true)
    }

    @Test func theLevelInUseMayBeSetAgain() throws {
        try Engine.limitInstructionLevel(Engine.instructionLevel)
    }

    @Test func itIsTooLateOnceAPrimitiveExists() throws {
        _ = try ConvolutionKernel(
            ConvolutionTests.geometries[0], hasBias: false, needsInputGradient: false)
        guard Engine.instructionLevel != "sse41" else { return }
        #expect(throws: EngineError.self) { try Engine.limitInstructionLevel("sse41") }
    }

    @Test(arguments: [
        ConvolutionTests.geometry(0, 3, 8, 8, 16, kernel: 3),
        ConvolutionTests.geometry(1, 3, 8, 8, 16, kernel: 3, groups: 2),
        ConvolutionTests.geometry(1, 3, 2, 2, 16, kernel: 5, padding: 0),
        ConvolutionTests.geometry(1, 3, 8, 8, -1, kernel: 3),
        ConvolutionTests.geometry(1, 3, 8, 8, 16, kernel: 3, stride: 0),
    ])
    func impossibleConvolutionsAreErrors(_ geometry: ConvolutionGeometry) {
        #expect(throws: EngineError.self) {
            try ConvolutionKernel(geometry, hasBias: false, needsInputGradient: true)
        }
    }
}
