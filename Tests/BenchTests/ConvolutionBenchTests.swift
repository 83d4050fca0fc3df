import Bench
import TensorCore
import Testing

struct ConvolutionBenchTests {
    /// Each layer's passes by the chosen path first, then by the others.
    @Test(arguments: [StepSettings.Precision.fp32, .bf16], [nil, 0.5])
    func everyPassIsMeasuredAndChosenOnce(_ precision: StepSettings.Precision, keep: Double?) throws {
        guard precision == .fp32 || Engine.supports(.bf16) else { return }
        let bench = try ConvolutionBench(
            network: "resnet20", input: 8, images: 1, keep: keep, precision: precision, seconds: 0.0001,
            coldBytes: 1 << 20)
        var rows: [ConvolutionRow] = []
        try bench.run { rows.append($0) }
        #expect(rows.allSatisfy { $0.gflops > 0 && $0.gbPerSecond > 0 && !$0.implementation.isEmpty })
        for layer in Set(rows.map(\.layer)) {
            for pass in ConvolutionRow.Pass.allCases {
                #expect(rows.count { $0.layer == layer && $0.pass == pass && $0.isChosen } == 1)
            }
        }
    }
}
