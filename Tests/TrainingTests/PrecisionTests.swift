import Recipe
import TensorCore
import Testing
import Training

/// What a recipe's precision asks of machines.
struct PrecisionTests {
    private static func definition(_ precision: String) throws -> RunDefinition {
        try RunDefinition(
            Recipe(
                text: """
                    network: resnet20
                    epochs: 1
                    precision: \(precision)
                    data: {format: synthetic, train_count: 64, test_count: 8}
                    """, file: "test"))
    }

    @Test func halfPrecisionNeedsItsLevel() throws {
        let definition = try Self.definition("bf16")
        #expect(definition.precision == .bf16)
        #expect(
            throws: RunError.unfitMachine(
                "its CPU offers avx512_core, and precision: bf16 takes avx512_core_bf16: "
                    + "use precision: fp32 or another machine")
        ) { try definition.checkLevel(offered: "avx512_core") }
        for level in ["avx512_core_bf16", "avx512_core_amx", "some_later_level"] {
            try definition.checkLevel(offered: level)
        }
    }

    @Test func singlePrecisionNeedsNothing() throws {
        let definition = try Self.definition("fp32")
        #expect(definition.precision == .fp32)
        try definition.checkLevel(offered: "sse41")
    }
}
