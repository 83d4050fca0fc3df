import Bench
import TensorCore
import Testing

struct RooflineTests {
    @Test func everyRateIsPositive() throws {
        let roofline = try Roofline(threads: 2, seconds: 0.001)
        for rates in [roofline.one, roofline.all] {
            let values = [
                rates.fmaGflops, rates.sgemmGflops, rates.convolutionGflops, rates.readGbPerSecond,
                rates.writeGbPerSecond, rates.triadGbPerSecond,
            ]
            #expect(values.allSatisfy { $0 > 0 && $0.isFinite })
            #expect(rates.peakGflops == values[0...2].max())
        }
        #expect(roofline.all.threads == 2)
    }
}
