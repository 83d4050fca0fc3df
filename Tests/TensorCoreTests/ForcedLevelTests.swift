import Foundation
import TensorCore
import Testing

/// ESPALIER_ISA, each time in a process of its own, for a level is set once.
@Suite(.enabled(if: Engine.forcedInstructionLevel == nil), .timeLimit(.minutes(10)))
struct ForcedLevelTests {
    @Test(arguments: ["sse41", "avx2", "avx512_core"]) func aLevelIsForced(_ level: String) async {
        await #expect(processExitsWith: .success) { [level] in
            setenv(Engine.forcingVariable, level, 1)
            do {
                try Engine.checkForcedLevel()
            } catch {
                #expect("\(error)".contains("this machine has"))
                return
            }
            #expect(Engine.instructionLevel == level)
            #expect(Engine.offeredInstructionLevel == level)
            try Engine.limitInstructionLevel(level)
            let other = level == "sse41" ? "avx2" : "sse41"
            let error = #expect(throws: EngineError.self) { try Engine.limitInstructionLevel(other) }
            #expect(error?.description.contains("\(level) is in use already") == true)
            let geometry = ConvolutionTests.geometries[0]
            #expect(
                try ConvolutionCheck(geometry: geometry, hasBias: true).worstError()
                    < ConvolutionTests.tolerance)
        }
    }

    @Test func anUnknownLevelIsAnErrorOfOneLine() async {
        await #expect(processExitsWith: .success) {
            setenv(Engine.forcingVariable, "avx9000", 1)
            // Looking at the level is no way round it.
            _ = Engine.instructionLevel
            let errors = [
                #expect(throws: EngineError.self) { try Engine.checkForcedLevel() },
                #expect(throws: EngineError.self) {
                    try ConvolutionKernel(
                        ConvolutionTests.geometries[0], hasBias: false, needsInputGradient: true)
                },
                #expect(throws: EngineError.self) { try PoolKernel(PoolTests.geometries[0]) },
                #expect(throws: EngineError.self) { try Engine.limitInstructionLevel("avx2") },
            ]
            for case let error? in errors {
                let text = error.description
                #expect(text.contains("avx9000 that ESPALIER_ISA forces: it is none of sse41"))
                #expect(!text.contains("\n"))
            }
        }
    }

    @Test(.enabled(if: !Engine.offeredInstructionLevel.contains("amx")))
    func aMissingLevelIsAnError() async {
        await #expect(processExitsWith: .success) {
            setenv(Engine.forcingVariable, "avx512_core_amx", 1)
            let error = #expect(throws: EngineError.self) { try Engine.checkForcedLevel() }
            #expect(error?.description.contains("this machine has") == true)
        }
    }

    @Test func anEmptyVariableForcesNothing() async {
        await #expect(processExitsWith: .success) {
            setenv(Engine.forcingVariable, "", 1)
            try Engine.checkForcedLevel()
            #expect(Engine.forcedInstructionLevel == nil)
        }
    }
}
