import Bench
import Testing

@Suite struct AllReduceBenchTests {
    @Test(arguments: [(2, 24, true), (3, 16, true), (4, 24, false)])
    func everyWorkerGathersTheSum(workers: Int, bits: Int, isCoded: Bool) throws {
        let report = try AllReduceBench.run(
            AllReduceSettings(
                elements: 40_000, workers: workers, bits: bits, rounds: 3, isCoded: isCoded))
        #expect(report.isExact)
        // Contributions to the others' parts, and the own part to all others.
        let plain = 2 * 40_000 * 4 * (workers - 1) / workers
        #expect(abs(report.bytesUncoded - plain) < plain / 10)
        #expect(isCoded ? report.bytesSent < report.bytesUncoded : report.bytesSent >= report.bytesUncoded)
        #expect(report.seconds > 0 && report.cpuSeconds > 0)
    }

    @Test func aSlowLinkTakesItsTime() throws {
        let report = try AllReduceBench.run(
            AllReduceSettings(
                elements: 200_000, workers: 2, bits: 24, rounds: 3, rate: 20e6, isCoded: false))
        #expect(report.isExact)
        let burst = 600_000
        #expect(report.seconds > Double(report.bytesSent - burst) / 20e6)
    }
}
